#include "zeus/simulator/expected_cost.h"

#include <gmock/gmock.h>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/small_traces.h"
#include "zeus/simulator/single_job.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;
using testing::SmallJobTrace;

CostMetric Metric(double eta) {
  return *CostMetric::Create(eta, Watts(250));
}

TEST(ExpectedCostTest, RunsThatReachCostTheirMean) {
  const auto expected = ExpectRecurrence(SmallJobTrace(), Metric(0.5), 32, Watts(100));
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->batch_size, 32);
  EXPECT_EQ(expected->power_limit, Watts(100));
  EXPECT_EQ(expected->energy, Joules(4 * 720));  // 3 or 5 epochs.
  EXPECT_EQ(expected->time, Seconds(4 * 8));
  EXPECT_EQ(expected->cost, Joules(0.5 * 2880 + 125 * 32));
}

TEST(ExpectedCostTest, RunsThatMissArePaidInFullAndTriedAgain) {
  const auto expected = ExpectRecurrence(SmallJobTrace(), Metric(0.5), 64, Watts(200));
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->time, Seconds(14 * 4));  // One miss of 10 epochs for each success of 4.
  EXPECT_EQ(expected->energy, Joules(14 * 760));
}

TEST(ExpectedCostTest, ARunThatReachesOnlyBeyondMaxEpochsMisses) {
  JobTrace trace = SmallJobTrace();
  trace.job.max_epochs = 4;
  const auto expected = ExpectRecurrence(trace, Metric(0.5), 32, Watts(100));
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->time, Seconds(7 * 8));
}

TEST(ExpectedCostTest, WhatNeverReachesOrWasNotRecordedHasNone) {
  EXPECT_FALSE(ExpectRecurrence(SmallJobTrace(), Metric(0.5), 128, Watts(200)));
  EXPECT_FALSE(ExpectRecurrence(SmallJobTrace(), Metric(0.5), 32, Watts(150)));
  EXPECT_FALSE(ExpectRecurrence(SmallJobTrace(), Metric(0.5), 48, Watts(200)));
}

TEST(ExpectedCostTest, TheDefaultRunsAtItsHighestLimit) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const ExpectedRecurrence expected, ExpectDefault(SmallJobTrace(), Metric(0.5)));
  EXPECT_EQ(expected.batch_size, 32);
  EXPECT_EQ(expected.power_limit, Watts(200));
  EXPECT_EQ(expected.cost, Joules(0.5 * 4 * 900 + 125 * 4 * 5));
}

TEST(ExpectedCostTest, ADefaultThatNeverReachesIsUnreachable) {
  JobTrace trace = SmallJobTrace();
  trace.job.default_batch_size = 128;
  EXPECT_THAT(ExpectDefault(trace, Metric(0.5)), IsError(ErrorCode::kUnreachable, "default batch size 128"));
}

TEST(ExpectedCostTest, TheOracleIsTheCheapestPair) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const ExpectedRecurrence fast, ExpectOracle(SmallJobTrace(), Metric(0)));
  EXPECT_EQ(fast.batch_size, 16);
  EXPECT_EQ(fast.power_limit, Watts(200));
  EXPECT_EQ(fast.cost, Joules(250 * 12));
  ZEUS_ASSERT_OK_AND_ASSIGN(const ExpectedRecurrence frugal, ExpectOracle(SmallJobTrace(), Metric(1)));
  EXPECT_EQ(frugal.batch_size, 16);
  EXPECT_EQ(frugal.power_limit, Watts(100));
  EXPECT_EQ(frugal.cost, Joules(1600));
}

TEST(ExpectedCostTest, NothingThatReachesIsUnreachable) {
  JobTrace trace = SmallJobTrace();
  trace.job.max_epochs = 1;
  EXPECT_THAT(ExpectOracle(trace, Metric(0.5)), IsError(ErrorCode::kUnreachable, "within 1 epochs"));
}

TEST(ExpectedCostTest, IsWhatALongSimulationComesTo) {
  const JobTrace trace = SmallJobTrace();
  SimulationOptions options;
  options.beta = std::numeric_limits<double>::infinity();
  options.policies = {.batch_size = "default", .power_limit = "max"};
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, SingleJobSimulation::Create(trace, options));
  constexpr int64_t kRecurrences = 20000;
  ASSERT_THAT(simulation.RunUntil(kRecurrences), IsOk());
  Joules cost;
  for (const HistoryEntry& entry : simulation.history()) cost += simulation.metric().Cost(entry.energy, entry.time);
  ZEUS_ASSERT_OK_AND_ASSIGN(const ExpectedRecurrence expected, ExpectDefault(trace, simulation.metric()));
  EXPECT_NEAR(cost.value() / kRecurrences, expected.cost.value(), 0.01 * expected.cost.value());
}

}  // namespace
}  // namespace zeus
