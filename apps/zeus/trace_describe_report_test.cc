#include "apps/zeus/trace_describe_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

TraceSummary Summary() {
  TraceSummary summary;
  summary.folder = "traces";
  const TracedPowerSummary power = {
      .gpu = "x", .batch_sizes = {8, 16}, .power_limits = {Watts(100), Watts(125.5)}, .rows = 4};
  summary.gpus = {power, {.gpu = "y", .batch_sizes = {}, .power_limits = {}, .rows = 0}};
  summary.workloads = {{.workload = {.dataset = "a", .network = "n", .optimizer = "sgd"},
                        .batch_sizes = {{.batch_size = 8, .learning_rates = {0.1}, .runs = 2},
                                        {.batch_size = 16, .learning_rates = {0.2}, .runs = 3}},
                        .targets = {{.target_metric = 0.5, .runs = 5, .reached = 5},
                                    {.target_metric = 0.6, .runs = 5, .reached = 2},
                                    {.target_metric = 0.7, .runs = 5, .reached = 0}},
                        .gpus = {power}}};
  summary.groups = {{.file = "traces/groups.csv",
                     .datasets = {"a", "b"},
                     .groups = 2,
                     .submissions = 8,
                     .first_start = Seconds(100),
                     .last_end = Seconds(7300),
                     .overlapping = 0.25}};
  summary.jobs = {{.workload = summary.workloads[0].workload,
                   .target_metric = 0.5,
                   .max_epochs = 10,
                   .default_batch_size = 8,
                   .default_learning_rate = {},
                   .workdir = {}}};
  return summary;
}

TEST(TraceDescribeReportTest, TablesShowEverythingAtAGlance) {
  EXPECT_EQ(DescribeText({Summary()}, Console()),
            "traces\n"
            "\n"
            "gpu  power limits (W)  rows\n"
            "---  ----------------  ----\n"
            "x    100, 125.5           4\n"
            "y    -                    0\n"
            "\n"
            "workload  batch sizes trained  runs of each  learning rates\n"
            "--------  -------------------  ------------  --------------\n"
            "a/n/sgd   8, 16                      2 to 3  0.1, 0.2\n"
            "\n"
            "batch sizes x power limits on      x  y\n"
            "-----------------------------  -----  -\n"
            "a/n/sgd                        2 x 2  -\n"
            "\n"
            "target metrics of  all runs reach  some runs reach  none reaches\n"
            "-----------------  --------------  ---------------  ------------\n"
            "a/n/sgd            0.5             0.6 (2 of 5)     0.7\n"
            "\n"
            "named job  target metric  max epochs  b0  learning rate\n"
            "---------  -------------  ----------  --  -------------\n"
            "a/n/sgd              0.5          10   8              -\n"
            "\n"
            "groups file  groups  submissions    span  overlapping  data sets\n"
            "-----------  ------  -----------  ------  -----------  ---------\n"
            "groups.csv        2            8  2.00 h        25.0%  a, b\n");
}

TEST(TraceDescribeReportTest, LongListsAreShortened) {
  TraceSummary summary = Summary();
  summary.gpus[0].power_limits = {Watts(1), Watts(2), Watts(3), Watts(4), Watts(5), Watts(6)};
  EXPECT_THAT(DescribeText({summary}, Console()), ::testing::HasSubstr("x    1, 2, … 6 (6)"));
}

TEST(TraceDescribeReportTest, JsonHoldsAllFigures) {
  const Json document = Json::parse(DescribeJson({Summary()}));
  const Json& traces = document["traces"][0];
  EXPECT_EQ(traces["folder"], "traces");
  EXPECT_EQ(traces["gpus"][0]["power_limits_W"], Json::parse("[100.0, 125.5]"));
  const Json& workload = traces["workloads"][0];
  EXPECT_EQ(workload["batch_sizes"][1], Json::parse(R"({"batch_size": 16, "runs": 3, "learning_rates": [0.2]})"));
  EXPECT_EQ(workload["targets"][1], Json::parse(R"({"target_metric": 0.6, "runs": 5, "reached": 2})"));
  EXPECT_EQ(workload["gpus"][0]["gpu"], "x");
  EXPECT_EQ(traces["groups"][0]["overlapping"], 0.25);
  EXPECT_EQ(traces["jobs"][0]["default_learning_rate"], nullptr);
}

TEST(TraceDescribeReportTest, FilesNamedOneByOneHaveNoFolder) {
  TraceSummary summary = Summary();
  summary.folder.clear();
  EXPECT_EQ(Json::parse(DescribeJson({summary}))["traces"][0]["folder"], nullptr);
}

}  // namespace
}  // namespace zeus
