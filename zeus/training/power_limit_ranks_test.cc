#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <span>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/replayed_gpus.h"
#include "tests/support/result_matchers.h"
#include "tests/support/threaded_ranks.h"
#include "tests/support/three_limits.h"
#include "zeus/training/power_limit_optimizer.h"

namespace zeus {
namespace {

using testing::At;
using ::testing::ElementsAre;
using testing::GpusWith;
using testing::IsError;
using testing::kRange;
using testing::kThree;
using testing::kTrouble;
using testing::LoggedWindow;
using testing::Quick;
using testing::ReplayedGpus;
using testing::Steps;
using testing::TemporaryFolder;
using testing::ThreadedRanks;
using Call = ReplayedGpus::Call;

// Of two ranks: windows of their own, energies added, the slower one's time.
class PowerLimitRanksTest : public ::testing::Test {
 protected:
  static constexpr std::array<LoggedWindow, 3> kOther = {{{300, 31, 10}, {200, 29, 900}, {100, 40, 2000}}};

  static std::span<const LoggedWindow> WindowsOf(const ProcessGroup& group) {
    return group.rank() == 0 ? kThree : kOther;
  }
};

TEST_F(PowerLimitRanksTest, EnergiesAddUpAndTheSlowestRanksTimeCounts) {
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

TEST_F(PowerLimitRanksTest, TheDefaultSelectorCountsTheGpusOfAllRanks) {
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

TEST_F(PowerLimitRanksTest, EveryRankUsesTheProfileThatRank0Reads) {
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

TEST_F(PowerLimitRanksTest, AProfileThatRank0CannotReadIsAnErrorOnEveryRank) {
  const TemporaryFolder folder;
  const auto path = folder.Write("limits.json", "{");
  ThreadedRanks::Run(2, [&](ProcessGroup& group) {
    ReplayedGpus gpus = GpusWith({});
    EXPECT_THAT(PowerLimitOptimizer::Create(gpus, group, Quick(path)),
                IsError(ErrorCode::kInvalidData,
                        group.rank() == 0 ? path.string() + ": not valid JSON" : "rank 0 cannot read its profile"));
  });
}

TEST_F(PowerLimitRanksTest, RanksWhoseGpusDifferAreRefusedOnEveryRank) {
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
TEST_F(PowerLimitRanksTest, WhatFailsOnOneRankIsMeasuredAgainByAll) {
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

TEST_F(PowerLimitRanksTest, ARankThatIsGoneIsAnError) {
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
