#include "zeus/simulator/run_summary.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

// One batch size that takes 2 epochs and one that takes 4; at 100 W an epoch takes 10 s at 80 W, at 200 W 8 s at 150 W.
JobTrace MakeTrace() {
  const std::vector<RecordedLimit> limits = {{Watts(100), Seconds(10), Watts(80)},
                                             {Watts(200), Seconds(8), Watts(150)}};
  return {.job = {.workload = {"data", "net", "adam"},
                  .target_metric = 0.5,
                  .max_epochs = 10,
                  .default_batch_size = 64,
                  .default_learning_rate = {},
                  .workdir = {}},
          .max_power = Watts(200),
          .batch_sizes = {{.batch_size = 32, .limits = limits, .target_epochs = {2}},
                          {.batch_size = 64, .limits = limits, .target_epochs = {4}}},
          .space = *KnobSpace::OfBatchSizes({32, 64})};
}

CostMetric MakeMetric() {
  return *CostMetric::Create(1, Watts(200));
}  // Energy alone.

HistoryEntry Entry(int64_t recurrence, int attempt, int64_t batch_size, double energy, bool reached) {
  return {.recurrence = recurrence,
          .attempt = attempt,
          .batch_size = batch_size,
          .power_limit = Watts(100),
          .energy = Joules(energy),
          .time = Seconds(energy / 80),
          .reached = reached};
}

TEST(RunSummaryTest, AddsUpTheTriesOfARecurrence) {
  const History history = {Entry(0, 0, 64, 3200, true), Entry(1, 0, 32, 800, false), Entry(1, 2, 64, 3200, true)};
  const std::vector<RecurrenceSummary> recurrences = SummarizeRecurrences(history, MakeMetric());
  ASSERT_EQ(recurrences.size(), 2U);
  EXPECT_EQ(recurrences[1].tries, 2);
  EXPECT_EQ(recurrences[1].batch_size, 64);
  EXPECT_EQ(recurrences[1].energy, Joules(4000));
  EXPECT_EQ(recurrences[1].cost, Joules(4000));
  EXPECT_TRUE(recurrences[1].reached);
}

TEST(RunSummaryTest, ComparesWithTheDefaultAndTheOracle) {
  // Default: 64 at 200 W, 4 * 8 * 150 = 4800 J. Oracle: 32 at 100 W, 2 * 10 * 80 = 1600 J.
  History history;
  for (int64_t i = 0; i < 10; ++i) history.push_back(Entry(i, 0, i < 4 ? 64 : 32, i < 4 ? 3200 : 1600, true));
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunSummary summary, SummarizeRun(history, MakeTrace(), MakeMetric()));
  EXPECT_EQ(summary.recurrences, 10);
  EXPECT_EQ(summary.default_knobs.cost, Joules(4800));
  EXPECT_EQ(summary.oracle.cost, Joules(1600));
  EXPECT_EQ(summary.oracle.batch_size, 32);
  EXPECT_DOUBLE_EQ(summary.regret, 4);  // Four recurrences at twice the oracle's cost.
  EXPECT_DOUBLE_EQ(summary.last_five_cost, 1);
  EXPECT_DOUBLE_EQ(summary.saved_last_five.energy, 1 - 1600.0 / 4800);
  EXPECT_DOUBLE_EQ(summary.saved_last_five.time, 1 - 20.0 / 32);
  EXPECT_DOUBLE_EQ(summary.saved.energy, 1 - (4 * 3200.0 + 6 * 1600) / 48000);
}

TEST(RunSummaryTest, TellsWhatWasFoundAndAfterHowMany) {
  History history;
  for (int64_t i = 0; i < 40; ++i) history.push_back(Entry(i, 0, i < 17 ? 64 : 32, 1600, true));
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunSummary summary, SummarizeRun(history, MakeTrace(), MakeMetric()));
  EXPECT_EQ(summary.found.batch_size, 32);
  EXPECT_EQ(summary.found.power_limit, Watts(100));
  // From recurrence 13 on, every ten in a row hold at least six at batch size 32, which 17 is the first to use.
  EXPECT_EQ(summary.found.settled_after, 17);
  ASSERT_TRUE(summary.found.expected.has_value());
  EXPECT_EQ(summary.found.expected->cost, Joules(1600));
}

TEST(RunSummaryTest, APolicyThatKeepsChangingHasNotSettled) {
  History history;
  for (int64_t i = 0; i < 40; ++i) history.push_back(Entry(i, 0, i % 2 == 0 ? 64 : 32, 1600, true));
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunSummary summary, SummarizeRun(history, MakeTrace(), MakeMetric()));
  EXPECT_FALSE(summary.found.settled_after.has_value());
}

TEST(RunSummaryTest, NothingToSumUpIsAnError) {
  EXPECT_THAT(SummarizeRun({}, MakeTrace(), MakeMetric()), IsError(ErrorCode::kInvalidArgument, "no recurrence"));
}

TEST(RunSummaryTest, ADefaultThatNeverReachesIsAnError) {
  JobTrace trace = MakeTrace();
  trace.batch_sizes[1].target_epochs = {std::nullopt};
  EXPECT_THAT(SummarizeRun({Entry(0, 0, 32, 1, true)}, trace, MakeMetric()),
              IsError(ErrorCode::kUnreachable, "default batch size 64"));
}

}  // namespace
}  // namespace zeus
