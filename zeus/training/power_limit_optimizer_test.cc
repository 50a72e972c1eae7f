#include "zeus/training/power_limit_optimizer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <string>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/replayed_gpus.h"
#include "tests/support/result_matchers.h"
#include "tests/support/threaded_ranks.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using ::testing::Optional;
using testing::ReplayedGpus;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::ThreadedRanks;
using Call = ReplayedGpus::Call;

constexpr PowerLimitRange kRange{Watts(100), Watts(300), Watts(250)};

struct LoggedWindow {
  double limit;
  double time;
  double energy;
};

// Half of energy and half of 300 W for the time: 5000, 4600, 5250 J for one GPU; 9500, 9100, 10500 J for four.
constexpr std::array<LoggedWindow, 3> kThree = {{{300, 30, 1000}, {200, 30, 200}, {100, 35, 0.5}}};

ReplayedGpus GpusWith(std::span<const LoggedWindow> windows, PowerLimitRange range = kRange) {
  std::string log = "start_time,window_name,elapsed_time,gpu0_energy\n";
  for (const auto& [limit, time, energy] : windows) {
    log += fmt::format("1.5,__GlobalPowerLimitOptimizer_{},{},{}\n", limit, time, energy);
  }
  return {WindowLogReplay::FromText(log, "log.csv").value(), range};
}

PowerLimitMeasurement At(double limit, double energy, double time) {
  return {.power_limit = Watts(limit), .energy = Joules(energy), .time = Seconds(time)};
}

// Three limits, each warmed up for a step and measured for two.
PowerLimitOptimizerOptions Quick(std::filesystem::path profile_path = {}) {
  return {.selector = SelectLeastEnergy(),
          .wait_steps = 1,
          .warmup_steps = 1,
          .profile_steps = 2,
          .step = Watts(100),
          .profile_path = std::move(profile_path)};
}

Result<std::unique_ptr<PowerLimitOptimizer>> Create(TrainingGpus& gpus, PowerLimitOptimizerOptions options) {
  return PowerLimitOptimizer::Create(gpus, ProcessGroup::Alone(), std::move(options));
}

void Steps(PowerLimitOptimizer& optimizer, int count) {
  for (int i = 0; i < count; ++i) ASSERT_THAT(optimizer.OnStepBegin(), IsOk()) << "step " << i;
}

TEST(PowerLimitOptimizerTest, ProfilesEachLimitAndTrainsAtTheChosenOne) {
  ReplayedGpus gpus = GpusWith(kThree);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick()));
  EXPECT_EQ(gpus.limit(), Watts(300));
  EXPECT_EQ(optimizer->current_limit(), Watts(300));
  Steps(*optimizer, 2);
  EXPECT_THAT(gpus.opened(), IsEmpty());
  Steps(*optimizer, 1);
  EXPECT_THAT(gpus.opened(), ElementsAre(ReplayedGpus::Window{"__GlobalPowerLimitOptimizer_300", Watts(300)}));
  Steps(*optimizer, 2);
  EXPECT_THAT(optimizer->measurements(), ElementsAre(At(300, 1000, 30)));
  EXPECT_EQ(optimizer->current_limit(), Watts(200));
  EXPECT_EQ(gpus.limit(), Watts(200));
  Steps(*optimizer, 5);
  EXPECT_FALSE(optimizer->done());
  EXPECT_EQ(optimizer->chosen_limit(), std::nullopt);
  Steps(*optimizer, 1);
  EXPECT_TRUE(optimizer->done());
  EXPECT_EQ(optimizer->chosen_limit(), Watts(100));
  EXPECT_THAT(optimizer->measurements(), ElementsAre(At(300, 1000, 30), At(200, 200, 30), At(100, 0.5, 35)));
  EXPECT_THAT(gpus.limits_set(), ElementsAre(Watts(300), Watts(200), Watts(100)));
  Steps(*optimizer, 100);
  EXPECT_THAT(optimizer->OnEpochEnd(), IsOk());
  EXPECT_EQ(gpus.limit(), Watts(100));
  EXPECT_THAT(gpus.opened(), SizeIs(3));
  EXPECT_EQ(gpus.open_windows(), 0);
}

TEST(PowerLimitOptimizerTest, AnEpochsEndSetsTheMaximumAndForgetsTheWindow) {
  ReplayedGpus gpus = GpusWith(kThree);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick()));
  Steps(*optimizer, 7);
  EXPECT_EQ(gpus.limit(), Watts(200));
  EXPECT_EQ(gpus.open_windows(), 1);
  ASSERT_THAT(optimizer->OnEpochEnd(), IsOk());
  EXPECT_EQ(gpus.limit(), Watts(300));
  EXPECT_EQ(optimizer->current_limit(), Watts(300));
  EXPECT_EQ(gpus.open_windows(), 0);
  Steps(*optimizer, 7);
  EXPECT_TRUE(optimizer->done());
  EXPECT_THAT(gpus.limits_set(), ElementsAre(Watts(300), Watts(200), Watts(300), Watts(200), Watts(100)));
}

TEST(PowerLimitOptimizerTest, ALimitThatIsSetAlreadyIsNotSetAgain) {
  ReplayedGpus gpus = GpusWith(kThree);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick()));
  gpus.FailNext(Call::kSetPowerLimit, {ErrorCode::kUnavailable, "asked for nothing"});
  Steps(*optimizer, 3);
  EXPECT_THAT(optimizer->OnEpochEnd(), IsOk());
  Steps(*optimizer, 3);
  EXPECT_THAT(optimizer->OnStepBegin(), IsError(ErrorCode::kUnavailable, "asked for nothing"));
  EXPECT_EQ(optimizer->measurements().size(), 1U);
}

TEST(PowerLimitOptimizerTest, TheDefaultSelectorWeighsEnergyAndTimeAlike) {
  ReplayedGpus gpus = GpusWith(kThree);
  PowerLimitOptimizerOptions options = Quick();
  options.selector = nullptr;
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, options));
  Steps(*optimizer, 11);
  EXPECT_EQ(optimizer->chosen_limit(), Watts(200));
}

TEST(PowerLimitOptimizerTest, TheDefaultsAreThePublishedOnes) {
  const PowerLimitOptimizerOptions options;
  EXPECT_EQ(options.wait_steps, 1);
  EXPECT_EQ(options.warmup_steps, 10);
  EXPECT_EQ(options.profile_steps, 40);
  EXPECT_EQ(options.step, Watts(25));
  EXPECT_THAT(options.profile_path.native(), IsEmpty());
}

// Which limits there are, told by going through all of them.
std::vector<Watts> LimitsOf(PowerLimitRange range, Watts step) {
  std::vector<LoggedWindow> windows;
  for (int64_t milliwatts = std::llround(range.maximum.value() * 1000); milliwatts > 0;
       milliwatts -= std::llround(std::min(step, range.maximum).value() * 1000)) {
    windows.push_back({static_cast<double>(milliwatts) / 1000, 1, 1});
  }
  ReplayedGpus gpus = GpusWith(windows, range);
  const auto optimizer = Create(gpus, {.wait_steps = 0, .warmup_steps = 0, .profile_steps = 1, .step = step});
  EXPECT_THAT(optimizer, IsOk());
  std::vector<Watts> limits;
  while (optimizer && !(*optimizer)->done()) {
    const Result<void> stepped = (*optimizer)->OnStepBegin();
    EXPECT_THAT(stepped, IsOk());
    if (!stepped) break;
  }
  if (optimizer) {
    for (const PowerLimitMeasurement& each : (*optimizer)->measurements()) limits.push_back(each.power_limit);
  }
  return limits;
}

TEST(PowerLimitOptimizerTest, TheMinimumIsALimitOnlyWhereAStepLeadsToIt) {
  EXPECT_THAT(LimitsOf(kRange, Watts(100)), ElementsAre(Watts(300), Watts(200), Watts(100)));
  EXPECT_THAT(LimitsOf(kRange, Watts(80)), ElementsAre(Watts(300), Watts(220), Watts(140)));
  EXPECT_THAT(LimitsOf(kRange, Watts(200)), ElementsAre(Watts(300), Watts(100)));
  EXPECT_THAT(LimitsOf(kRange, Watts(201)), ElementsAre(Watts(300)));
  EXPECT_THAT(LimitsOf(kRange, Watts(1e300)), ElementsAre(Watts(300)));
  EXPECT_THAT(LimitsOf({Watts(300), Watts(300), Watts(300)}, Watts(25)), ElementsAre(Watts(300)));
}

TEST(PowerLimitOptimizerTest, StepsOfAFractionOfAWattAddUpExactly) {
  const std::vector<Watts> limits = LimitsOf({Watts(299), Watts(300), Watts(300)}, Watts(0.1));
  ASSERT_THAT(limits, SizeIs(11));
  EXPECT_EQ(limits[3], Watts(299.7));
  EXPECT_EQ(limits.back(), Watts(299));
}

TEST(PowerLimitOptimizerTest, BadOptionsAreRefusedByTheirNames) {
  ReplayedGpus gpus = GpusWith(kThree);
  const auto refused = [&](auto change) {
    PowerLimitOptimizerOptions options = Quick();
    change(options);
    return Create(gpus, options);
  };
  const auto invalid = [](const char* message) { return IsError(ErrorCode::kInvalidArgument, message); };
  EXPECT_THAT(refused([](auto& options) { options.wait_steps = -1; }),
              invalid("wait_steps: expected 0 or more, found"));
  EXPECT_THAT(refused([](auto& options) { options.warmup_steps = -1; }),
              invalid("warmup_steps: expected 0 or more, found -1"));
  EXPECT_THAT(refused([](auto& options) { options.profile_steps = 0; }),
              invalid("profile_steps: expected 1 or more, found 0"));
  for (const double step : {0.0, -25.0, 0.0009, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(refused([&](auto& options) { options.step = Watts(step); }),
                invalid("step: expected a number of watts, 0.001 or more, found"));
  }
  EXPECT_THAT(gpus.limits_set(), IsEmpty());
}

TEST(PowerLimitOptimizerTest, SavesItsProfileAndTheNextRunUsesIt) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "made" / "for it" / "limits.json";
  {
    ReplayedGpus gpus = GpusWith(kThree);
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick(path)));
    Steps(*optimizer, 10);
    EXPECT_FALSE(std::filesystem::exists(path));
    Steps(*optimizer, 1);
  }
  EXPECT_THAT(ReadTextFile(path).value(), HasSubstr("\"power_limit\": 200,\n            \"energy\": 200.0,"));
  ReplayedGpus gpus = GpusWith({});
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick(path)));
  EXPECT_TRUE(optimizer->done());
  EXPECT_EQ(optimizer->chosen_limit(), Watts(100));
  EXPECT_THAT(optimizer->measurements(), ElementsAre(At(300, 1000, 30), At(200, 200, 30), At(100, 0.5, 35)));
  Steps(*optimizer, 20);
  EXPECT_THAT(gpus.limits_set(), ElementsAre(Watts(100)));
  EXPECT_THAT(gpus.opened(), IsEmpty());
}

TEST(PowerLimitOptimizerTest, ThePublishedPackagesProfileIsUsed) {
  const TemporaryFolder folder;
  const auto path = folder.Write("limits.json", R"({
    "measurements": [
        {"power_limit": 300, "energy": 900.5, "time": 1.5},
        {"power_limit": 175, "energy": 800, "time": 2}
    ]
})");
  ReplayedGpus gpus = GpusWith({});
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick(path)));
  EXPECT_EQ(gpus.limit(), Watts(175));
  EXPECT_EQ(optimizer->chosen_limit(), Watts(175));
}

TEST(PowerLimitOptimizerTest, AProfileThatCannotBeUsedIsNamed) {
  const TemporaryFolder folder;
  ReplayedGpus gpus = GpusWith(kThree);
  const auto damaged = folder.Write("damaged.json", R"({"measurements": [{"power_limit": 300, "energy": 1}]})");
  EXPECT_THAT(Create(gpus, Quick(damaged)),
              IsError(ErrorCode::kInvalidData, damaged.string() + ".measurements[0]: has no field \"time\""));
  const auto others = folder.Write("other.json", R"({"measurements": [{"power_limit": 350, "energy": 1, "time": 1}]})");
  EXPECT_THAT(Create(gpus, Quick(others)),
              IsError(ErrorCode::kInvalidData,
                      others.string() + ": chooses 350 W, but these GPUs allow 100 to 300 W: the profile is another"));
  EXPECT_THAT(Create(gpus, Quick(folder.path())), IsError(ErrorCode::kInvalidArgument, folder.path().string()));
  EXPECT_THAT(gpus.limits_set(), IsEmpty());
}

TEST(PowerLimitOptimizerTest, AProfileThatCannotBeSavedIsSaidOnce) {
  const TemporaryFolder folder;
  const auto file = folder.Write("file", "");
  ReplayedGpus gpus = GpusWith(kThree);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick(file / "limits.json")));
  Steps(*optimizer, 10);
  EXPECT_THAT(optimizer->OnStepBegin(),
              IsError(ErrorCode::kUnavailable, "profile_path: cannot make the folder of " + file.string()));
  EXPECT_EQ(optimizer->chosen_limit(), Watts(100));
  EXPECT_EQ(gpus.limit(), Watts(100));
  EXPECT_THAT(optimizer->OnStepBegin(), IsOk());
}

const Error kTrouble{ErrorCode::kUnavailable, "the GPU is busy"};

TEST(PowerLimitOptimizerTest, ACreateThatCannotSetTheLimitFails) {
  ReplayedGpus gpus = GpusWith(kThree);
  gpus.FailNext(Call::kSetPowerLimit, {ErrorCode::kPermissionDenied, "only root may"});
  EXPECT_THAT(Create(gpus, Quick()), IsError(ErrorCode::kPermissionDenied, "only root may"));
}

// Whatever fails: it is told, the limit is measured again, and the others keep their measurements.
TEST(PowerLimitOptimizerTest, WhatFailsIsMeasuredAgain) {
  struct Case {
    int steps_before;
    Call call;
    int errors;  // A limit that was not set or not opened is told when it happens and when its window would end.
  };
  for (const Case& each :
       {Case{4, Call::kSetPowerLimit, 2}, Case{5, Call::kBeginWindow, 2}, Case{7, Call::kEndWindow, 1},
        Case{2, Call::kBeginWindow, 2}, Case{10, Call::kEndWindow, 1}}) {
    ReplayedGpus gpus = GpusWith(kThree);
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick()));
    Steps(*optimizer, each.steps_before);
    gpus.FailNext(each.call, kTrouble);
    int steps = each.steps_before;
    int errors = 0;
    for (; !optimizer->done() && steps < 100; ++steps) {
      const Result<void> result = optimizer->OnStepBegin();
      if (result) continue;
      ++errors;
      EXPECT_THAT(result, IsError(ErrorCode::kUnavailable, "the GPU is busy"));
    }
    EXPECT_EQ(errors, each.errors) << "after " << each.steps_before;
    EXPECT_EQ(steps, 11 + 4) << "after " << each.steps_before;
    EXPECT_THAT(optimizer->measurements(), ElementsAre(At(300, 1000, 30), At(200, 200, 30), At(100, 0.5, 35)));
    EXPECT_EQ(optimizer->chosen_limit(), Watts(100));
    EXPECT_EQ(gpus.open_windows(), 0);
    for (const auto& [name, limit] : gpus.opened()) {
      EXPECT_EQ(name, fmt::format("__GlobalPowerLimitOptimizer_{}", limit.value().value()));
    }
  }
}

TEST(PowerLimitOptimizerTest, AnEpochsEndForgetsAFailure) {
  ReplayedGpus gpus = GpusWith(kThree);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick()));
  Steps(*optimizer, 5);
  gpus.FailNext(Call::kBeginWindow, kTrouble);
  EXPECT_THAT(optimizer->OnStepBegin(), IsError(ErrorCode::kUnavailable, "the GPU is busy"));
  EXPECT_THAT(optimizer->OnEpochEnd(), IsOk());
  Steps(*optimizer, 7);
  EXPECT_TRUE(optimizer->done());
}

TEST(PowerLimitOptimizerTest, AnEpochsEndThatFailsIsToldAndTheNextStepGoesOn) {
  for (const Call call : {Call::kSetPowerLimit, Call::kCancelWindow}) {
    ReplayedGpus gpus = GpusWith(kThree);
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick()));
    Steps(*optimizer, 7);
    gpus.FailNext(call, kTrouble);
    EXPECT_THAT(optimizer->OnEpochEnd(), IsError(ErrorCode::kUnavailable, "the GPU is busy"));
    if (call == Call::kCancelWindow) {
      EXPECT_EQ(gpus.limit(), Watts(300));
      ASSERT_THAT(gpus.CancelWindow("__GlobalPowerLimitOptimizer_200"), IsOk());
    } else {
      EXPECT_EQ(optimizer->current_limit(), std::nullopt);
    }
    Steps(*optimizer, 7);
    EXPECT_EQ(optimizer->chosen_limit(), Watts(100));
  }
}

TEST(PowerLimitOptimizerTest, AChosenLimitThatCannotBeSetIsTriedAgain) {
  ReplayedGpus gpus = GpusWith(kThree);
  PowerLimitOptimizerOptions options = Quick();
  options.selector = SelectLeastTime();
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, options));
  Steps(*optimizer, 10);
  gpus.FailNext(Call::kSetPowerLimit, kTrouble);
  EXPECT_THAT(optimizer->OnStepBegin(), IsError(ErrorCode::kUnavailable, "the GPU is busy"));
  EXPECT_FALSE(optimizer->done());
  EXPECT_THAT(optimizer->OnEpochEnd(), IsOk());
  Steps(*optimizer, 1);
  EXPECT_EQ(optimizer->chosen_limit(), Watts(300));
  EXPECT_EQ(gpus.limit(), Watts(300));
}

TEST(PowerLimitOptimizerTest, ASelectorsErrorIsPassedOn) {
  ReplayedGpus gpus = GpusWith(kThree);
  PowerLimitOptimizerOptions options = Quick();
  options.selector = [](auto) -> Result<Watts> { return Fail(ErrorCode::kUnreachable, "none is good enough"); };
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, options));
  Steps(*optimizer, 10);
  EXPECT_THAT(optimizer->OnStepBegin(), IsError(ErrorCode::kUnreachable, "none is good enough"));
  EXPECT_FALSE(optimizer->done());
}

TEST(PowerLimitOptimizerTest, AWindowTooShortToMeasureNamesTheOption) {
  for (const LoggedWindow& nothing : {LoggedWindow{300, 0.001, 0}, LoggedWindow{300, 0, 1}}) {
    const std::array<LoggedWindow, 2> windows = {nothing, kThree[0]};
    ReplayedGpus gpus = GpusWith(windows);
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick()));
    Steps(*optimizer, 4);
    EXPECT_THAT(optimizer->OnStepBegin(),
                IsError(ErrorCode::kInvalidArgument, fmt::format("profile_steps: 2 steps at 300 W took {} J and {} s",
                                                                 nothing.energy, nothing.time)));
    EXPECT_THAT(optimizer->measurements(), IsEmpty());
    Steps(*optimizer, 4);
    EXPECT_THAT(optimizer->measurements(), ElementsAre(At(300, 1000, 30)));
  }
}

TEST(PowerLimitOptimizerTest, AWindowThatIsOpenWhenItGoesAwayIsCancelled) {
  ReplayedGpus gpus = GpusWith(kThree);
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(gpus, Quick()));
    Steps(*optimizer, 3);
    EXPECT_EQ(gpus.open_windows(), 1);
  }
  EXPECT_EQ(gpus.open_windows(), 0);
}

// Of two ranks: windows of their own, energies added, the slower one's time.
class RanksTest : public ::testing::Test {
 protected:
  static constexpr std::array<LoggedWindow, 3> kOther = {{{300, 31, 10}, {200, 29, 900}, {100, 40, 2000}}};

  static std::span<const LoggedWindow> WindowsOf(const ProcessGroup& group) {
    return group.rank() == 0 ? kThree : kOther;
  }
};

TEST_F(RanksTest, EnergiesAddUpAndTheSlowestRanksTimeCounts) {
  const TemporaryFolder folder;
  std::atomic<int> as_expected = 0;
  ThreadedRanks::Run(2, [&](ProcessGroup& group) {
    ReplayedGpus gpus = GpusWith(WindowsOf(group));
    auto options = Quick(folder.path() / fmt::format("rank{}.json", group.rank()));
    const auto optimizer = PowerLimitOptimizer::Create(gpus, group, options).value();
    Steps(*optimizer, 11);
    EXPECT_THAT(optimizer->measurements(), ElementsAre(At(300, 1010, 31), At(200, 1100, 30), At(100, 2000.5, 40)));
    EXPECT_EQ(gpus.limit(), Watts(300));
    if (optimizer->chosen_limit() == Watts(300)) ++as_expected;
  });
  EXPECT_EQ(as_expected, 2);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "rank0.json"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "rank1.json"));
}

TEST_F(RanksTest, TheDefaultSelectorCountsTheGpusOfAllRanks) {
  // Of two ranks, with the power of one GPU: 500 + 1500 and 100 + 1800 J; of both: 500 + 3000 and 100 + 3600 J.
  constexpr std::array<LoggedWindow, 2> kWindows = {{{300, 10, 500}, {100, 12, 100}}};
  std::atomic<int> as_expected = 0;
  for (const int ranks : {1, 2}) {
    ThreadedRanks::Run(ranks, [&](ProcessGroup& group) {
      ReplayedGpus gpus = GpusWith(kWindows);
      PowerLimitOptimizerOptions options = Quick();
      options.selector = nullptr;
      options.step = Watts(200);
      const auto optimizer = PowerLimitOptimizer::Create(gpus, group, options).value();
      Steps(*optimizer, 8);
      const PowerLimitSelector expected = SelectLeastCost(0.5, ranks).value();
      if (optimizer->chosen_limit() == expected(optimizer->measurements()).value()) ++as_expected;
    });
  }
  EXPECT_EQ(as_expected, 3);
}

TEST_F(RanksTest, EveryRankUsesTheProfileThatRank0Reads) {
  const TemporaryFolder folder;
  const auto path = folder.Write("limits.json", R"({"measurements": [{"power_limit": 150, "energy": 1, "time": 2}]})");
  std::atomic<int> as_expected = 0;
  ThreadedRanks::Run(3, [&](ProcessGroup& group) {
    ReplayedGpus gpus = GpusWith({});
    const auto optimizer =
        PowerLimitOptimizer::Create(gpus, group, Quick(group.rank() == 0 ? path : folder.path() / "elsewhere")).value();
    EXPECT_THAT(optimizer->measurements(), ElementsAre(At(150, 1, 2)));
    if (optimizer->done() && gpus.limit() == Watts(150)) ++as_expected;
  });
  EXPECT_EQ(as_expected, 3);
}

TEST_F(RanksTest, AProfileThatRank0CannotReadIsAnErrorOnEveryRank) {
  const TemporaryFolder folder;
  const auto path = folder.Write("limits.json", "{");
  ThreadedRanks::Run(2, [&](ProcessGroup& group) {
    ReplayedGpus gpus = GpusWith({});
    EXPECT_THAT(PowerLimitOptimizer::Create(gpus, group, Quick(path)),
                IsError(ErrorCode::kInvalidData,
                        group.rank() == 0 ? path.string() + ": not valid JSON" : "rank 0 cannot read its profile"));
  });
}

TEST_F(RanksTest, RanksWhoseGpusDifferAreRefusedOnEveryRank) {
  for (const PowerLimitRange& other :
       {PowerLimitRange{Watts(100), Watts(250), Watts(250)}, PowerLimitRange{Watts(125), Watts(300), Watts(250)}}) {
    ThreadedRanks::Run(3, [&](ProcessGroup& group) {
      ReplayedGpus gpus = GpusWith(kThree, group.rank() == 1 ? other : kRange);
      EXPECT_THAT(
          PowerLimitOptimizer::Create(gpus, group, Quick()),
          IsError(
              ErrorCode::kInvalidArgument,
              fmt::format("the ranks' GPUs allow different power limits: maxima of {} to 300 W and minima of 100 to "
                          "{} W",
                          other.maximum.value(), other.minimum.value())));
    });
  }
}

// A rank that fails does not leave the others waiting: all of them measure that limit again, in step.
TEST_F(RanksTest, WhatFailsOnOneRankIsMeasuredAgainByAll) {
  for (const Call call : {Call::kSetPowerLimit, Call::kBeginWindow, Call::kEndWindow}) {
    const int failing_step = call == Call::kSetPowerLimit ? 4 : call == Call::kBeginWindow ? 5 : 7;
    // What rank 0 measured at 200 W, while rank 1 could not, is thrown away.
    constexpr std::array<LoggedWindow, 4> kTwice = {kThree[0], {200, 99, 99}, kThree[1], kThree[2]};
    ThreadedRanks::Run(2, [&](ProcessGroup& group) {
      ReplayedGpus gpus = group.rank() == 0 ? GpusWith(kTwice) : GpusWith(kOther);
      const auto optimizer = PowerLimitOptimizer::Create(gpus, group, Quick()).value();
      std::vector<int> errors;
      for (int step = 0; step < 15; ++step) {
        if (group.rank() == 1 && step == failing_step) gpus.FailNext(call, kTrouble);
        const Result<void> result = optimizer->OnStepBegin();
        if (result) continue;
        errors.push_back(step);
        EXPECT_THAT(result, IsError(ErrorCode::kUnavailable,
                                    group.rank() == 1 ? "the GPU is busy" : "1 of 2 ranks could not measure at 200 W"));
      }
      if (group.rank() == 0 || call == Call::kEndWindow) {
        EXPECT_THAT(errors, ElementsAre(7));
      } else {
        EXPECT_THAT(errors, ElementsAre(failing_step, 7));
      }
      EXPECT_THAT(optimizer->measurements(), ElementsAre(At(300, 1010, 31), At(200, 1100, 30), At(100, 2000.5, 40)));
      EXPECT_EQ(optimizer->chosen_limit(), Watts(300));
    });
  }
}

TEST_F(RanksTest, ARankThatIsGoneIsAnError) {
  ThreadedRanks::Run(2, [&](ProcessGroup& group) {
    ReplayedGpus gpus = GpusWith(WindowsOf(group));
    const auto optimizer = PowerLimitOptimizer::Create(gpus, group, Quick()).value();
    Steps(*optimizer, 4);
    if (group.rank() == 1) return;
    EXPECT_THAT(optimizer->OnStepBegin(), IsError(ErrorCode::kUnavailable, "a rank is gone"));
    EXPECT_FALSE(optimizer->done());
  });
}

}  // namespace
}  // namespace zeus
