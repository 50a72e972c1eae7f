#include "zeus/optimizer/power_limit/limit_profiler.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

const std::vector<Watts> kTwoLimits = {Watts(300), Watts(200)};

// What is to be done, in the order in which it is: "end 300, set 200, begin 200, finished".
std::string Describe(const ProfilerActions& actions) {
  std::string text;
  const auto say = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
  if (actions.window == ProfilerActions::Close::kEnd) say(fmt::format("end {}", actions.measured.value().value()));
  if (actions.window == ProfilerActions::Close::kCancel) say("cancel");
  if (actions.set_limit) say(fmt::format("set {}", actions.set_limit->value()));
  if (actions.begin_window) say(fmt::format("begin {}", actions.begin_window->value()));
  if (actions.finished) say("finished");
  return text;
}

std::vector<std::string> Steps(LimitProfiler& profiler, int64_t count) {
  std::vector<std::string> said;
  for (int64_t i = 0; i < count; ++i) said.push_back(Describe(profiler.OnStepBegin()));
  return said;
}

// An epoch whose steps know how many are left.
std::vector<std::string> Epoch(LimitProfiler& profiler, int64_t batches) {
  std::vector<std::string> said;
  for (int64_t left = batches - 1; left >= 0; --left) said.push_back(Describe(profiler.OnStepBegin(left)));
  said.push_back(Describe(profiler.OnEpochEnd()));
  return said;
}

LimitProfiler Make(const ProfileWindow& window, int64_t wait, const std::vector<Watts>& limits = kTwoLimits) {
  return LimitProfiler::Create(limits, window, wait).value();
}

TEST(LimitProfilerTest, SetsWarmsUpAndMeasuresEachLimitInTurn) {
  LimitProfiler profiler = Make({.warmup = 2, .measure = 3}, 1);
  EXPECT_THAT(Steps(profiler, 13), ElementsAre("", "set 300", "", "begin 300", "", "", "end 300, set 200", "",
                                               "begin 200", "", "", "end 200, finished", ""));
  EXPECT_TRUE(profiler.finished());
  EXPECT_EQ(Describe(profiler.OnEpochEnd()), "");
  EXPECT_THAT(profiler.limits(), ElementsAre(Watts(300), Watts(200)));
}

TEST(LimitProfilerTest, WithoutWarmUpTheWindowOpensAtOnce) {
  LimitProfiler profiler = Make({.warmup = 0, .measure = 1}, 0);
  EXPECT_THAT(Steps(profiler, 4),
              ElementsAre("set 300, begin 300", "end 300, set 200, begin 200", "end 200, finished", ""));
}

TEST(LimitProfilerTest, WaitsAsManyStepsAlsoAcrossEpochs) {
  LimitProfiler profiler = Make({.warmup = 1, .measure = 1}, 3);
  EXPECT_THAT(Steps(profiler, 2), ElementsAre("", ""));
  EXPECT_EQ(Describe(profiler.OnEpochEnd()), "");
  EXPECT_THAT(Steps(profiler, 2), ElementsAre("", "set 300"));
}

TEST(LimitProfilerTest, ALimitThatIsNotMeasuredComesAgainAtOnceInTheNextEpoch) {
  LimitProfiler profiler = Make({.warmup = 2, .measure = 3}, 1);
  EXPECT_THAT(Steps(profiler, 3), ElementsAre("", "set 300", ""));
  EXPECT_EQ(Describe(profiler.OnEpochEnd()), "set 300");
  EXPECT_EQ(Describe(profiler.OnEpochEnd()), "");
  EXPECT_THAT(Steps(profiler, 7), ElementsAre("set 300", "", "begin 300", "", "", "end 300, set 200", ""));
  EXPECT_EQ(Describe(profiler.OnEpochEnd()), "set 300");
  EXPECT_THAT(Steps(profiler, 5), ElementsAre("set 200", "", "begin 200", "", ""));
  EXPECT_EQ(Describe(profiler.OnEpochEnd()), "cancel, set 300");
  EXPECT_THAT(Steps(profiler, 6), ElementsAre("set 200", "", "begin 200", "", "", "end 200, finished"));
}

// What the steps after an epoch's end come to, told from counts alone: what was measured stays, the rest comes again.
TEST(LimitProfilerTest, EveryStateInterruptedAtEveryStep) {
  const std::vector<Watts> limits = {Watts(300), Watts(250), Watts(200)};
  const auto count = static_cast<int64_t>(limits.size());
  for (const int64_t wait : {0, 1, 4}) {
    for (const ProfileWindow& window :
         {ProfileWindow{.warmup = 0, .measure = 1}, ProfileWindow{.warmup = 0, .measure = 3},
          ProfileWindow{.warmup = 1, .measure = 1}, ProfileWindow{.warmup = 3, .measure = 2}}) {
      const int64_t each = window.warmup + window.measure;
      const int64_t all = wait + 1 + count * each;
      for (int64_t before = 0; before <= all; ++before) {
        LimitProfiler profiler = Make(window, wait, limits);
        Steps(profiler, before);
        const int64_t profiling = before - wait - 1;  // Steps since the first limit was set; below 0: not yet.
        const int64_t measured = profiling < 0 ? 0 : profiling / each;
        const std::string where =
            fmt::format("wait {}, {} + {}, after {} steps", wait, window.warmup, window.measure, before);

        std::string expected;
        if (profiling >= 0 && measured < count) {
          expected = profiling % each >= window.warmup ? "cancel, set 300" : "set 300";
        }
        ASSERT_EQ(Describe(profiler.OnEpochEnd()), expected) << where;

        const int64_t to_go = profiling < 0 ? all - before : 1 + (count - measured) * each;
        if (measured < count) Steps(profiler, to_go - 1);
        EXPECT_EQ(profiler.finished(), measured == count) << where;
        Steps(profiler, 1);
        EXPECT_TRUE(profiler.finished()) << where;
      }
    }
  }
}

TEST(LimitProfilerTest, ALimitIsBegunOnlyWhereItsWindowEndsBeforeTheEpochsLastStep) {
  LimitProfiler profiler = Make({.warmup = 2, .measure = 3}, 0);
  EXPECT_THAT(Epoch(profiler, 5), ElementsAre("", "", "", "", "", ""));
  EXPECT_THAT(Epoch(profiler, 6), ElementsAre("", "", "", "", "", "", ""));
  EXPECT_THAT(Epoch(profiler, 7), ElementsAre("set 300", "", "begin 300", "", "", "end 300", "", ""));
  EXPECT_THAT(Epoch(profiler, 7), ElementsAre("set 200", "", "begin 200", "", "", "end 200, finished", "", ""));
}

TEST(LimitProfilerTest, RoomForTheNextLimitIsLookedForWhenOneEnds) {
  LimitProfiler one_each = Make({.warmup = 2, .measure = 3}, 0);
  EXPECT_THAT(Epoch(one_each, 11), ElementsAre("set 300", "", "begin 300", "", "", "end 300", "", "", "", "", "", ""));
  LimitProfiler both = Make({.warmup = 2, .measure = 3}, 0);
  EXPECT_THAT(Epoch(both, 12), ElementsAre("set 300", "", "begin 300", "", "", "end 300, set 200", "", "begin 200", "",
                                           "", "end 200, finished", "", ""));
}

TEST(LimitProfilerTest, WaitingEndsWhereThereIsNoRoomToo) {
  LimitProfiler profiler = Make({.warmup = 1, .measure = 1}, 2);
  EXPECT_THAT(Epoch(profiler, 3), ElementsAre("", "", "", ""));
  EXPECT_EQ(Describe(profiler.OnStepBegin(2)), "");
  EXPECT_EQ(Describe(profiler.OnStepBegin(3)), "set 300");
}

TEST(LimitProfilerTest, AWindowThatCameToNothingIsMeasuredAgain) {
  LimitProfiler profiler = Make({.warmup = 1, .measure = 1}, 0);
  EXPECT_THAT(Steps(profiler, 3), ElementsAre("set 300", "begin 300", "end 300, set 200"));
  profiler.MeasureAgain();
  EXPECT_EQ(Describe(profiler.OnEpochEnd()), "");
  EXPECT_THAT(Steps(profiler, 5),
              ElementsAre("set 300", "begin 300", "end 300, set 200", "begin 200", "end 200, finished"));
  profiler.MeasureAgain();
  EXPECT_FALSE(profiler.finished());
  EXPECT_THAT(Steps(profiler, 3), ElementsAre("set 200", "begin 200", "end 200, finished"));
}

TEST(LimitProfilerTest, AnotherWindowIsForTheNextLimit) {
  LimitProfiler profiler = Make({.warmup = 2, .measure = 2}, 0);
  EXPECT_THAT(Steps(profiler, 1), ElementsAre("set 300"));
  profiler.set_window({.warmup = 0, .measure = 1});
  EXPECT_THAT(Steps(profiler, 5), ElementsAre("", "begin 300", "", "end 300, set 200, begin 200", "end 200, finished"));
}

TEST(LimitProfilerTest, HugeCountsDoNotOverflow) {
  LimitProfiler waiting = Make({.warmup = 1, .measure = 1}, kMost);
  EXPECT_EQ(Describe(waiting.OnStepBegin()), "");
  LimitProfiler long_window = Make({.warmup = kMost, .measure = kMost}, 0);
  EXPECT_EQ(Describe(long_window.OnStepBegin(kMost)), "");
  EXPECT_EQ(Describe(long_window.OnStepBegin()), "set 300");
}

TEST(LimitProfilerTest, BadParametersAreRefusedByTheirOptionsNames) {
  const auto create = [](const ProfileWindow& window, int64_t wait) {
    return LimitProfiler::Create(kTwoLimits, window, wait);
  };
  EXPECT_THAT(LimitProfiler::Create({}, {}, 0),
              IsError(ErrorCode::kInvalidArgument, "there are no power limits to profile"));
  EXPECT_THAT(create({}, -1), IsError(ErrorCode::kInvalidArgument, "wait_steps: expected 0 or more, found -1"));
  EXPECT_THAT(create({.warmup = -2}, 0),
              IsError(ErrorCode::kInvalidArgument, "warmup_steps: expected 0 or more, found -2"));
  EXPECT_THAT(create({.measure = 0}, 0),
              IsError(ErrorCode::kInvalidArgument, "profile_steps: expected 1 or more, found 0"));
}

// A trainer that does what it is told, and checks that each thing makes sense where it stands.
class ObedientTrainer {
 public:
  ObedientTrainer(const ProfileWindow& window, int64_t wait) : window_(window), wait_(wait) {}

  void Step(const ProfilerActions& actions, std::optional<int64_t> steps_left) {
    ++steps_;
    ++since_limit_;
    ++since_window_;
    RC_ASSERT(actions.window != ProfilerActions::Close::kCancel);
    RC_ASSERT(actions.measured.has_value() == (actions.window == ProfilerActions::Close::kEnd));
    if (actions.measured) {
      RC_ASSERT(is_open_);
      RC_ASSERT((*actions.measured == limit_));
      RC_ASSERT(since_window_ == window_.measure);
      RC_ASSERT((limit_ == kLimits.at(measured_++)));
      is_open_ = false;
    }
    RC_ASSERT(actions.finished == (actions.measured.has_value() && finished()));
    if (actions.set_limit) {
      RC_ASSERT(steps_ > wait_);
      RC_ASSERT(!is_open_);
      RC_ASSERT((*actions.set_limit == kLimits.at(measured_)));
      RC_ASSERT(!steps_left || *steps_left > window_.warmup + window_.measure);
      limit_ = *actions.set_limit;
      since_limit_ = 0;
    }
    if (actions.begin_window) {
      RC_ASSERT(!is_open_);
      RC_ASSERT((*actions.begin_window == limit_));
      RC_ASSERT(since_limit_ == window_.warmup);
      is_open_ = true;
      since_window_ = 0;
    }
  }

  void EpochEnd(const ProfilerActions& actions) {
    RC_ASSERT((actions.window == ProfilerActions::Close::kCancel) == is_open_);
    RC_ASSERT(!actions.measured && !actions.begin_window && !actions.finished);
    RC_ASSERT((!actions.set_limit || *actions.set_limit == kLimits.front()));
    RC_ASSERT(actions.set_limit.has_value() || !is_open_);
    is_open_ = false;
  }

  [[nodiscard]] bool finished() const { return measured_ == kLimits.size(); }
  [[nodiscard]] bool is_open() const { return is_open_; }

  static constexpr std::array<Watts, 4> kLimits = {Watts(300), Watts(250), Watts(200), Watts(150)};

 private:
  const ProfileWindow window_;
  const int64_t wait_;
  int64_t steps_ = 0;
  int64_t since_limit_ = 0;
  int64_t since_window_ = 0;
  Watts limit_;
  bool is_open_ = false;
  size_t measured_ = 0;
};

TEST(LimitProfilerProperties, EachLimitIsMeasuredInOrderInOneEpochForAsManySteps) {
  int finished = 0;
  EXPECT_TRUE(rc::check([&](const std::vector<uint8_t>& epochs) {
    const ProfileWindow window{.warmup = *rc::gen::inRange<int64_t>(0, 4), .measure = *rc::gen::inRange<int64_t>(1, 5)};
    const auto wait = *rc::gen::inRange<int64_t>(0, 4);
    const bool steps_are_known = *rc::gen::arbitrary<bool>();
    const auto& limits = ObedientTrainer::kLimits;
    LimitProfiler profiler = Make(window, wait, {limits.begin(), limits.end()});
    ObedientTrainer trainer(window, wait);
    for (const uint8_t raw : epochs) {
      for (int64_t left = raw % 40; left > 0; --left) {
        const std::optional<int64_t> known = steps_are_known ? std::optional(left - 1) : std::nullopt;
        trainer.Step(profiler.OnStepBegin(known), known);
      }
      RC_ASSERT(!steps_are_known || !trainer.is_open());
      trainer.EpochEnd(profiler.OnEpochEnd());
      RC_ASSERT(profiler.finished() == trainer.finished());
    }
    if (profiler.finished()) ++finished;
  }));
  EXPECT_GT(finished, 0);
}

TEST(ScaledToEpochTest, AnEpochWithRoomChangesNothing) {
  const ProfileWindow window{.warmup = 10, .measure = 40};
  EXPECT_EQ(ScaledToEpoch(window, 52).value(), window);
  EXPECT_EQ(ScaledToEpoch(window, kMost).value(), window);
}

TEST(ScaledToEpochTest, AShortEpochScalesBothPartsDown) {
  const ProfileWindow window{.warmup = 10, .measure = 40};
  // 49/50, 29/50 and 9/50 of each, rounded down.
  EXPECT_EQ(ScaledToEpoch(window, 50).value(), (ProfileWindow{.warmup = 9, .measure = 39}));
  EXPECT_EQ(ScaledToEpoch(window, 30).value(), (ProfileWindow{.warmup = 5, .measure = 23}));
  EXPECT_EQ(ScaledToEpoch(window, 10).value(), (ProfileWindow{.warmup = 1, .measure = 7}));
}

TEST(ScaledToEpochTest, WhatHasNoRoomByOneBatchGivesOneIteration) {
  const ProfileWindow window{.warmup = 10, .measure = 40};
  EXPECT_EQ(ScaledToEpoch(window, 51).value(), (ProfileWindow{.warmup = 10, .measure = 39}));
  EXPECT_EQ(ScaledToEpoch(window, 26).value(), (ProfileWindow{.warmup = 5, .measure = 19}));
  EXPECT_EQ(ScaledToEpoch({.warmup = 5, .measure = 1}, 7).value(), (ProfileWindow{.warmup = 4, .measure = 1}));
}

TEST(ScaledToEpochTest, BadWindowsAndEpochsAreRefused) {
  EXPECT_THAT(ScaledToEpoch({.warmup = 10, .measure = 40}, 5),
              IsError(ErrorCode::kInvalidArgument,
                      "profile window: 10 warm-up and 40 measured iterations do not fit into an epoch of 5 batches, "
                      "not even scaled down; choose a smaller batch size"));
  EXPECT_THAT(ScaledToEpoch({.warmup = 1, .measure = 1}, 3),
              IsError(ErrorCode::kInvalidArgument, "epoch of 3 batches"));
  for (const int64_t batches : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    EXPECT_THAT(ScaledToEpoch({}, batches), IsError(ErrorCode::kInvalidArgument, "do not fit into an epoch of"));
  }
  for (const ProfileWindow& window : {ProfileWindow{.warmup = 0}, ProfileWindow{.warmup = 1, .measure = 0},
                                      ProfileWindow{.warmup = -1}, ProfileWindow{.warmup = 1, .measure = -1}}) {
    EXPECT_THAT(ScaledToEpoch(window, 1000), IsError(ErrorCode::kInvalidArgument,
                                                     "profile window: expected at least 1 iteration of warm-up and 1 "
                                                     "that is measured, found "));
  }
}

// The published package leaves some epochs without room for a window that it has scaled to them, and never ends.
TEST(ScaledToEpochTest, AScaledWindowFitsIntoItsEpoch) {
  EXPECT_TRUE(rc::check([] {
    const ProfileWindow window{.warmup = *rc::gen::inRange<int64_t>(1, 30),
                               .measure = *rc::gen::inRange<int64_t>(1, 90)};
    const auto batches = *rc::gen::inRange<int64_t>(1, 150);
    const Result<ProfileWindow> scaled = ScaledToEpoch(window, batches);
    RC_PRE(scaled.has_value());
    RC_ASSERT(scaled->warmup >= 1 && scaled->warmup <= window.warmup);
    RC_ASSERT(scaled->measure >= 1 && scaled->measure <= window.measure);
    RC_ASSERT((*scaled == window || window.warmup + window.measure + 1 >= batches));
    LimitProfiler profiler = Make(*scaled, 0, {Watts(300)});
    for (int64_t left = batches - 1; left >= 0; --left) profiler.OnStepBegin(left);
    RC_ASSERT(profiler.finished());
  }));
}

TEST(ScaledToEpochTest, HugeWindowsDoNotOverflow) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const ProfileWindow scaled, ScaledToEpoch({.warmup = kMost, .measure = kMost}, 100));
  EXPECT_EQ(scaled, (ProfileWindow{.warmup = 49, .measure = 49}));
}

}  // namespace
}  // namespace zeus
