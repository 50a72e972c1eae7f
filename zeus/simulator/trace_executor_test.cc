#include "zeus/simulator/trace_executor.h"

#include <gmock/gmock.h>

#include <array>
#include <limits>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/small_traces.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

const Joules kNoBound(std::numeric_limits<double>::infinity());

Result<Watts> NeverAsked(std::span<const PowerLimitCost>) {
  ADD_FAILURE() << "was asked to choose a power limit that the request had";
  return Watts(0);
}

// On the small trace, eta 0.5. At batch size 32 an epoch takes 720 J and 8 s at 100 W, 900 J and 5 s at 200 W; against
// a bound it costs (90 / 2 + 200 / 2) * 8 = 1160 J and (180 / 2 + 200 / 2) * 5 = 950 J.
class TraceExecutorTest : public ::testing::Test {
 protected:
  Result<Outcome> Run(int64_t batch_size, double limit, Joules bound) {
    return executor_.Execute({.batch_size = batch_size, .power_limit = Watts(limit), .cost_upper_bound = bound},
                             NeverAsked);
  }

  JobTrace trace_ = testing::SmallJobTrace();
  TraceExecutor executor_{trace_, *CostMetric::Create(0.5, trace_.max_power), NumpyGenerator(1)};
};

TEST_F(TraceExecutorTest, WithoutABoundARunGoesOnToItsTarget) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome outcome, Run(16, 100, kNoBound));
  EXPECT_EQ(outcome.ending, Ending::kReached);
  EXPECT_EQ(outcome.power_limit, Watts(100));
  EXPECT_EQ(outcome.energy, Joules(2 * 800));
  EXPECT_EQ(outcome.time, Seconds(2 * 10));
}

TEST_F(TraceExecutorTest, WithoutABoundARunThatNeverReachesTakesAllEpochs) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome outcome, Run(128, 200, kNoBound));
  EXPECT_EQ(outcome.ending, Ending::kNotReached);
  EXPECT_EQ(outcome.energy, Joules(10 * 594));
  EXPECT_EQ(outcome.time, Seconds(10 * 3));
}

TEST_F(TraceExecutorTest, ATargetBeyondMaxEpochsIsNotReached) {
  trace_.job.max_epochs = 1;
  ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome outcome, Run(16, 100, kNoBound));
  EXPECT_EQ(outcome.ending, Ending::kNotReached);
  EXPECT_EQ(outcome.time, Seconds(10));
}

TEST_F(TraceExecutorTest, ABoundStopsTheRunBeforeTheEpochThatWouldExceedIt) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome outcome, Run(32, 200, Joules(3 * 950 - 1)));
  EXPECT_EQ(outcome.ending, Ending::kNotReached);
  EXPECT_EQ(outcome.energy, Joules(2 * 900));
  EXPECT_EQ(outcome.time, Seconds(2 * 5));
}

TEST_F(TraceExecutorTest, AnEpochThatMeetsTheBoundStillRuns) {
  bool reached = false;
  for (int i = 0; i < 20; ++i) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome outcome, Run(32, 200, Joules(3 * 950)));
    EXPECT_EQ(outcome.time, Seconds(3 * 5));  // The runs that need 3 epochs and those that need 5.
    reached = reached || outcome.ending == Ending::kReached;
  }
  EXPECT_TRUE(reached);
}

TEST_F(TraceExecutorTest, TheBoundCountsAnEpochAtTheBatchSizesOwnLargestLimit) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome stopped, Run(32, 100, Joules(2 * 1160 - 0.001)));
  EXPECT_EQ(stopped.time, Seconds(1 * 8));
  ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome runs, Run(32, 100, Joules(2 * 1160)));
  EXPECT_EQ(runs.time, Seconds(2 * 8));
}

TEST_F(TraceExecutorTest, ABoundBeyondMaxEpochsIsMaxEpochs) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome outcome, Run(128, 200, Joules(1e12)));
  EXPECT_EQ(outcome.time, Seconds(10 * 3));
}

TEST_F(TraceExecutorTest, ABoundBelowOneEpochDoesNotRun) {
  for (const double bound : {949.9, 0.0}) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome outcome, Run(32, 200, Joules(bound)));
    EXPECT_EQ(outcome.ending, Ending::kDidNotRun);
    EXPECT_EQ(outcome.energy, Joules(0));
    EXPECT_EQ(outcome.time, Seconds(0));
  }
}

// 1.0 / 0.1 rounds to 10, but ten times the double 0.1 is more than 1: nine epochs fit, as Python's 1.0 // 0.1 says.
TEST(TraceExecutorBoundTest, IsDividedWithoutRounding) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace joined,
                            testing::Join("a,n,8,sgd,0.1,1,20,\n", "a,n,8,sgd,100,0.001,50\n"));
  const JobIdentity job{.workload = {"a", "n", "sgd"},
                        .target_metric = 20,
                        .max_epochs = 100,
                        .default_batch_size = 8,
                        .default_learning_rate = {},
                        .workdir = {}};
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobTrace trace, joined.Select(job));
  TraceExecutor executor(trace, *CostMetric::Create(0, trace.max_power), NumpyGenerator(1));
  for (const auto& [bound, epochs] : {std::pair(1.0, 9), std::pair(0.3, 2), std::pair(0.25, 2), std::pair(0.1, 1)}) {
    ZEUS_ASSERT_OK_AND_ASSIGN(
        const Outcome outcome,
        executor.Execute({.batch_size = 8, .power_limit = Watts(100), .cost_upper_bound = Joules(bound)}, NeverAsked));
    EXPECT_DOUBLE_EQ(outcome.time.value(), epochs * 0.001) << bound;
  }
}

TEST_F(TraceExecutorTest, EveryTryDrawsOneRun) {
  NumpyGenerator same_stream(1);
  for (int i = 0; i < 100; ++i) {
    std::array<uint64_t, 1> run{};
    same_stream.ChooseWithoutReplacement(2, run);
    // A try that does not run draws, too.
    ZEUS_ASSERT_OK_AND_ASSIGN(const Outcome outcome, Run(32, 200, i % 3 == 0 ? Joules(1) : kNoBound));
    if (i % 3 == 0) continue;
    EXPECT_EQ(outcome.time, Seconds(5 * (run[0] == 0 ? 3 : 5))) << "try " << i;
  }
  EXPECT_EQ(executor_.generator().state(), same_stream.state());
}

TEST_F(TraceExecutorTest, ProfilingCostsTheMeanOfTheLimitsForTheFirstEpoch) {
  int asked = 0;
  const auto choose = [&](std::span<const PowerLimitCost> profile) -> Result<Watts> {
    ++asked;
    // With MaxPower 250 W: 900 / 2 + 125 * 5, and 720 / 2 + 125 * 8.
    EXPECT_THAT(profile,
                ElementsAre(PowerLimitCost{Watts(200), Joules(1075)}, PowerLimitCost{Watts(100), Joules(1360)}));
    return Watts(100);
  };
  ZEUS_ASSERT_OK_AND_ASSIGN(
      const Outcome outcome,
      executor_.Execute({.batch_size = 32, .power_limit = {}, .cost_upper_bound = Joules(3 * 1160)}, choose));
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(outcome.power_limit, Watts(100));
  EXPECT_EQ(outcome.energy, Joules((900 + 720) / 2 + 2 * 720));
  EXPECT_EQ(outcome.time, Seconds(6.5 + 2 * 8));
}

TEST_F(TraceExecutorTest, ARunOfOneEpochIsProfilingAlone) {
  const auto choose = [](std::span<const PowerLimitCost>) -> Result<Watts> { return Watts(200); };
  ZEUS_ASSERT_OK_AND_ASSIGN(
      const Outcome outcome,
      executor_.Execute({.batch_size = 128, .power_limit = {}, .cost_upper_bound = Joules(600)}, choose));
  EXPECT_EQ(outcome.ending, Ending::kNotReached);
  EXPECT_EQ(outcome.energy, Joules((594 + 495) / 2.0));
  EXPECT_EQ(outcome.time, Seconds(4));
}

TEST_F(TraceExecutorTest, TheProfileIsHighToLow) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto profile, executor_.Profile(32));
  EXPECT_THAT(profile, ElementsAre(PowerLimitCost{Watts(200), Joules(1075)}, PowerLimitCost{Watts(100), Joules(1360)}));
  EXPECT_THAT(executor_.Profile(33), IsError(ErrorCode::kNotFound, "batch size 33"));
}

TEST_F(TraceExecutorTest, WhatTheTraceDoesNotHoldIsAnError) {
  EXPECT_THAT(Run(48, 100, kNoBound), IsError(ErrorCode::kNotFound, "no run of pictures/small/adam at batch size 48"));
  EXPECT_THAT(Run(32, 150, kNoBound), IsError(ErrorCode::kInvalidArgument, "no power limit 150 W at batch size 32"));
  EXPECT_THAT(Run(32, 300, kNoBound), IsError(ErrorCode::kInvalidArgument, "no power limit 300 W"));
}

TEST_F(TraceExecutorTest, AnErrorOfTheChoicePassesThrough) {
  const auto choose = [](std::span<const PowerLimitCost>) -> Result<Watts> {
    return Fail(ErrorCode::kUnavailable, "no idea");
  };
  EXPECT_THAT(executor_.Execute({.batch_size = 32, .power_limit = {}, .cost_upper_bound = kNoBound}, choose),
              IsError(ErrorCode::kUnavailable, "no idea"));
}

}  // namespace
}  // namespace zeus
