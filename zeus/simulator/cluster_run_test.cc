#include "zeus/simulator/cluster_run.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::SharedFolder;

class ClusterRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
    ZEUS_ASSERT_OK_AND_ASSIGN(store_, TraceStore::Open(SharedFolder() / "traces"));
    ZEUS_ASSERT_OK_AND_ASSIGN(trace_, store_->ForGpu("v100"));
  }

  [[nodiscard]] Result<ClusterRun> Run(const std::vector<ClusterGroup>& groups, unsigned threads) const {
    return SimulateCluster(groups, *store_, *trace_, {}, PolicyFactory(), threads);
  }

  // Submissions of which each second one starts before the first has ended.
  static ClusterGroup MakeGroup(const std::string& name, const std::string& dataset) {
    ClusterGroup group{.name = name, .dataset = dataset, .submissions = {}};
    for (int i = 0; i < 30; ++i) {
      const double start = 100.0 * i + (i % 2 == 0 ? 0 : -50);
      group.submissions.push_back({.start = Seconds(start), .end = Seconds(start + 90), .runtime_ratio = 1});
    }
    return group;
  }

  std::optional<TraceStore> store_;
  const JoinedTrace* trace_ = nullptr;
};

TEST_F(ClusterRunTest, AnyNumberOfThreadsGivesTheSameResult) {
  const std::vector<ClusterGroup> groups = {MakeGroup("b", "squad"), MakeGroup("a", "cifar100"),
                                            MakeGroup("c", "squad")};
  ZEUS_ASSERT_OK_AND_ASSIGN(const ClusterRun one, Run(groups, 1));
  ZEUS_ASSERT_OK_AND_ASSIGN(const ClusterRun four, Run(groups, 4));
  ASSERT_EQ(four.groups.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(four.groups[i].group, &groups[i]);
    ASSERT_THAT(four.groups[i].result, testing::IsOk());
    EXPECT_EQ(one.groups[i].result->history, four.groups[i].result->history);
  }
}

TEST_F(ClusterRunTest, AddsUpByDataSetAgainstTheDefault) {
  const std::vector<ClusterGroup> groups = {MakeGroup("b", "squad"), MakeGroup("a", "cifar100"),
                                            MakeGroup("c", "squad")};
  ZEUS_ASSERT_OK_AND_ASSIGN(const ClusterRun run, Run(groups, 2));
  ASSERT_EQ(run.totals.size(), 2U);
  const DatasetTotals& squad = run.totals[1];
  EXPECT_EQ(squad.dataset, "squad");
  EXPECT_EQ(squad.groups, 2U);
  EXPECT_EQ(squad.submissions, 60U);
  EXPECT_EQ(squad.energy, run.groups[0].result->energy + run.groups[2].result->energy);
  EXPECT_EQ(squad.default_energy, run.groups[0].with_default->energy + run.groups[2].with_default->energy);
  for (const HistoryEntry& entry : run.groups[0].with_default->history) {
    EXPECT_EQ(entry.batch_size, 32);
    EXPECT_EQ(entry.power_limit, Watts(250));
  }
  EXPECT_LT(run.totals[0].energy, run.totals[0].default_energy);
}

TEST_F(ClusterRunTest, AnUnknownDataSetNamesTheGroup) {
  EXPECT_THAT(Run({MakeGroup("g1", "mnist")}, 1), IsError(ErrorCode::kInvalidArgument, "group g1: no workload"));
}

}  // namespace
}  // namespace zeus
