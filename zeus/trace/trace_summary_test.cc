#include "zeus/trace/trace_summary.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::SharedFolder;
using testing::TemporaryFolder;

class TraceSummaryTest : public ::testing::Test {
 protected:
  TraceSummaryTest() {
    train_ = folder_.Write("summary_train.csv",
                           "dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n"
                           "a,n,16,sgd,0.2,1,0.5,3\na,n,16,sgd,0.2,1,0.6,nan\n"
                           "a,n,16,sgd,0.3,1,0.5,3\na,n,8,sgd,0.1,1,0.5,4\na,n,8,sgd,0.1,2,0.5,\n");
    power_ = folder_.Write("summary_power_x.csv",
                           "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n"
                           "a,n,16,sgd,200,9,95\na,n,16,sgd,100,7,160\na,n,8,sgd,150,7,160\nb,n,4,sgd,100,7,160\n");
    groups_ = folder_.Write("groups.csv",
                            "group,start_time,end_time,dataset,runtime_ratio\n"
                            "g1,10,20,a,1\ng1,19,22,a,1\ng1,21,40,a,1\ng1,40,41,a,1\ng2,5,6,b,1\n");
  }

  TemporaryFolder folder_;
  std::filesystem::path train_;
  std::filesystem::path power_;
  std::filesystem::path groups_;
};

TEST_F(TraceSummaryTest, GpusAndWorkloadsAreSummedUp) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto summaries, SummarizeTraces(std::vector{folder_.path()}));
  ASSERT_EQ(summaries.size(), 1U);
  const TraceSummary& summary = summaries[0];
  EXPECT_EQ(summary.folder, folder_.path());
  ASSERT_EQ(summary.gpus.size(), 1U);
  EXPECT_EQ(summary.gpus[0].gpu, "x");
  EXPECT_EQ(summary.gpus[0].rows, 4U);
  EXPECT_THAT(summary.gpus[0].power_limits, ElementsAre(Watts(100), Watts(150), Watts(200)));

  ASSERT_EQ(summary.workloads.size(), 2U);
  const WorkloadSummary& a = summary.workloads[0];
  EXPECT_EQ(ToText(a.workload), "a/n/sgd");
  ASSERT_EQ(a.batch_sizes.size(), 2U);
  EXPECT_EQ(a.batch_sizes[0].batch_size, 8);
  EXPECT_EQ(a.batch_sizes[0].runs, 2U);
  EXPECT_THAT(a.batch_sizes[0].learning_rates, ElementsAre(0.1));
  EXPECT_EQ(a.batch_sizes[1].batch_size, 16);
  EXPECT_EQ(a.batch_sizes[1].runs, 2U);
  EXPECT_THAT(a.batch_sizes[1].learning_rates, ElementsAre(0.2, 0.3));
  ASSERT_EQ(a.targets.size(), 2U);
  EXPECT_EQ(a.targets[0].target_metric, 0.5);
  EXPECT_EQ(a.targets[0].runs, 4U);
  EXPECT_EQ(a.targets[0].reached, 3U);
  EXPECT_EQ(a.targets[1].runs, 1U);
  EXPECT_EQ(a.targets[1].reached, 0U);
  ASSERT_EQ(a.gpus.size(), 1U);
  EXPECT_THAT(a.gpus[0].batch_sizes, ElementsAre(8, 16));
  EXPECT_EQ(a.gpus[0].rows, 3U);

  const WorkloadSummary& b = summary.workloads[1];
  EXPECT_TRUE(b.batch_sizes.empty());
  EXPECT_THAT(b.gpus[0].power_limits, ElementsAre(Watts(100)));
}

TEST_F(TraceSummaryTest, GroupsTellTheirSpanAndHowManySubmissionsOverlap) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto summaries, SummarizeTraces(std::vector{groups_}));
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_TRUE(summaries[0].folder.empty());
  ASSERT_EQ(summaries[0].groups.size(), 1U);
  const GroupsSummary& groups = summaries[0].groups[0];
  EXPECT_EQ(groups.groups, 2U);
  EXPECT_EQ(groups.submissions, 5U);
  EXPECT_EQ(groups.first_start, Seconds(5));
  EXPECT_EQ(groups.last_end, Seconds(41));
  EXPECT_THAT(groups.datasets, ElementsAre("a", "b"));
  // g1's second and third submission start while one is under way; its fourth starts as the third ends.
  EXPECT_DOUBLE_EQ(groups.overlapping, 2.0 / 5);
}

TEST_F(TraceSummaryTest, FilesNamedOneByOneMakeOneSummary) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto summaries, SummarizeTraces(std::vector{train_, power_}));
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].workloads.size(), 2U);
}

TEST_F(TraceSummaryTest, AFileWithAProblemIsAnError) {
  const auto bad = folder_.Write("bad.csv", "group,start_time,end_time,dataset,runtime_ratio\ng1,10,x,a,1\n");
  EXPECT_THAT(SummarizeTraces(std::vector{bad}), IsError(ErrorCode::kInvalidData, "bad.csv:2:7: end_time"));
}

TEST(PublishedTracesSummaryTest, HoldsSevenWorkloadsOnFourGpus) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto summaries, SummarizeTraces(std::vector{SharedFolder() / "traces"}));
  const TraceSummary& summary = summaries.at(0);
  std::vector<std::pair<std::string, size_t>> rows;
  for (const TracedPowerSummary& gpu : summary.gpus) rows.emplace_back(gpu.gpu, gpu.rows);
  EXPECT_THAT(rows, ElementsAre(std::pair("a40", 453), std::pair("p100", 270), std::pair("rtx6000", 410),
                                std::pair("v100", 476)));
  EXPECT_EQ(summary.workloads.size(), 7U);  // Six were trained; cifar100 with adam has power only.
  EXPECT_TRUE(summary.workloads.back().batch_sizes.empty());
}

}  // namespace
}  // namespace zeus
