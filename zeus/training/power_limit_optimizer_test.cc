#include "zeus/training/power_limit_optimizer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/replayed_gpus.h"
#include "tests/support/result_matchers.h"
#include "tests/support/three_limits.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

using testing::At;
using ::testing::ElementsAre;
using testing::GpusWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::kRange;
using testing::kThree;
using testing::kTrouble;
using testing::LoggedWindow;
using ::testing::Optional;
using testing::Quick;
using testing::ReplayedGpus;
using ::testing::SizeIs;
using testing::Steps;
using testing::TemporaryFolder;
using Call = ReplayedGpus::Call;

Result<std::unique_ptr<PowerLimitOptimizer>> Create(TrainingGpus& gpus, PowerLimitOptimizerOptions options) {
  return PowerLimitOptimizer::Create(gpus, ProcessGroup::Alone(), std::move(options));
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

}  // namespace
}  // namespace zeus
