#include "zeus/simulator/sweep.h"

#include <gmock/gmock.h>

#include <atomic>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/simulator/trace_store.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::SharedFolder;

class SweepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
    ZEUS_ASSERT_OK_AND_ASSIGN(TraceStore store, TraceStore::Open(SharedFolder() / "traces"));
    ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const joined, store.ForGpu("v100"));
    ZEUS_ASSERT_OK_AND_ASSIGN(const JobIdentity squad, store.Workload("squad", *joined));
    ZEUS_ASSERT_OK_AND_ASSIGN(squad_, joined->Select(squad));
    JobIdentity never = squad;
    never.max_epochs = 1;
    ZEUS_ASSERT_OK_AND_ASSIGN(never_, joined->Select(never));
  }

  [[nodiscard]] std::vector<SweepCase> Cases() const {
    std::vector<SweepCase> cases;
    for (const double eta : {0.0, 1.0}) {
      for (const char* policy : {"pruned-thompson", "oracle"}) {
        cases.push_back({"v100", &*squad_, {.eta = eta, .policies = {.batch_size = policy, .power_limit = "jit"}}});
      }
    }
    return cases;
  }

  std::optional<JobTrace> squad_;
  std::optional<JobTrace> never_;
};

TEST_F(SweepTest, AnyNumberOfThreadsGivesTheSameRowsAndHistories) {
  const std::vector<SweepCase> cases = Cases();
  std::vector<std::vector<SweepRow>> rows;
  std::vector<std::vector<History>> histories;
  for (const unsigned threads : {1U, 2U, 7U}) {
    std::vector<History>& kept = histories.emplace_back();
    std::atomic<int> ended = 0;
    rows.push_back(RunSweep(
        cases, {.seeds = {3, 1, 2}, .recurrences = {}, .threads = threads}, PolicyFactory(),
        [&](const SweepRun& run) {
          EXPECT_EQ(run.seed, (std::vector<uint64_t>{3, 1, 2})[kept.size() % 3]);
          EXPECT_EQ(run.case_index, kept.size() / 3);
          kept.push_back(run.history);
        },
        [&] { ++ended; }));
    EXPECT_EQ(ended, 12);
  }
  EXPECT_EQ(histories[0], histories[1]);
  EXPECT_EQ(histories[0], histories[2]);
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(rows[0][i].regret.mean, rows[2][i].regret.mean);
    EXPECT_EQ(rows[0][i].cost.half_width, rows[2][i].cost.half_width);
  }
}

TEST_F(SweepTest, ARunIsASingleJobSimulation) {
  std::vector<History> kept;
  RunSweep({Cases()[0]}, {.seeds = {5}, .recurrences = 30, .threads = 1}, PolicyFactory(),
           [&](const SweepRun& run) { kept.push_back(run.history); });
  SimulationOptions options = Cases()[0].options;
  options.seed = 5;
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, SingleJobSimulation::Create(*squad_, options));
  ASSERT_THAT(simulation.RunUntil(30), testing::IsOk());
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0], simulation.history());
}

TEST_F(SweepTest, CountsRunsThatFailAndLeavesThemOutOfTheFigures) {
  const std::vector<SweepRow> rows = RunSweep({{"v100", &*never_, {}}, Cases()[0]},
                                              {.seeds = {1, 2}, .recurrences = {}, .threads = 2}, PolicyFactory());
  EXPECT_EQ(rows[0].failed, 2U);
  EXPECT_THAT(rows[0].first_failure, HasSubstr("did not reach"));
  EXPECT_EQ(rows[1].failed, 0U);
  EXPECT_GT(rows[1].cost.mean, 0);
}

TEST_F(SweepTest, TheOracleHasNoRegretOnAverage) {
  std::vector<uint64_t> seeds(200);
  for (size_t i = 0; i < seeds.size(); ++i) seeds[i] = i;
  const std::vector<SweepRow> rows =
      RunSweep({Cases()[1], Cases()[0]}, {.seeds = seeds, .recurrences = {}, .threads = 2}, PolicyFactory());
  ASSERT_TRUE(rows[0].regret.half_width.has_value());
  EXPECT_NEAR(rows[0].regret.mean, 0, 2 * *rows[0].regret.half_width);
  EXPECT_GT(rows[1].regret.mean, 2 * *rows[0].regret.half_width);
}

}  // namespace
}  // namespace zeus
