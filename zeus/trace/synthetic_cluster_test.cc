#include "zeus/trace/synthetic_cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

SyntheticCluster SmallCluster() {
  SyntheticCluster cluster;
  cluster.groups = 7;
  cluster.submissions = 30;
  cluster.datasets = {"a", "b", "c"};
  return cluster;
}

TEST(SyntheticClusterTest, TheSameSeedGivesTheSameGroupsAndAnotherSeedOthers) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto first, GenerateClusterGroups(SmallCluster(), 1));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto again, GenerateClusterGroups(SmallCluster(), 1));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto other, GenerateClusterGroups(SmallCluster(), 2));
  EXPECT_EQ(first, again);
  EXPECT_NE(first.front().name, other.front().name);
}

TEST(SyntheticClusterTest, GroupsSurviveBeingWrittenAndRead) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups(SmallCluster(), 1));
  Problems problems;
  EXPECT_EQ(ParseClusterGroups(ToCsv(groups), "groups.csv", &problems), groups);
  EXPECT_TRUE(problems.empty());
}

TEST(SyntheticClusterTest, NamesAreThirtyTwoHexadecimalDigitsAndSorted) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups(SmallCluster(), 1));
  ASSERT_EQ(groups.size(), 7U);
  for (const ClusterGroup& group : groups) {
    EXPECT_EQ(group.name.size(), 32U);
    EXPECT_EQ(group.name.find_first_not_of("0123456789abcdef"), std::string::npos);
  }
  EXPECT_TRUE(std::ranges::is_sorted(groups, std::less<>(), &ClusterGroup::name));
}

TEST(SyntheticClusterTest, DatasetsTakeTurns) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups(SmallCluster(), 1));
  std::map<std::string, int> groups_of;
  for (const ClusterGroup& group : groups) ++groups_of[group.dataset];
  EXPECT_EQ(groups_of, (std::map<std::string, int>{{"a", 3}, {"b", 2}, {"c", 2}}));
}

TEST(SyntheticClusterTest, SubmissionsAreOrderedAndLastAtLeastATenthOfASecond) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups(SmallCluster(), 1));
  for (const ClusterGroup& group : groups) {
    ASSERT_EQ(group.submissions.size(), 30U);
    EXPECT_TRUE(std::ranges::is_sorted(group.submissions, std::less<>(), &Submission::start));
    for (const Submission& submission : group.submissions) EXPECT_GT(submission.end, submission.start);
  }
}

TEST(SyntheticClusterTest, RuntimeRatiosAreLengthsOverTheirDatasetsMean) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups(SmallCluster(), 1));
  std::map<std::string, std::vector<const Submission*>> by_dataset;
  for (const ClusterGroup& group : groups) {
    for (const Submission& submission : group.submissions) by_dataset[group.dataset].push_back(&submission);
  }
  for (const auto& [dataset, submissions] : by_dataset) {
    Seconds total;
    for (const Submission* each : submissions) total += each->end - each->start;
    const Seconds mean = total / static_cast<double>(submissions.size());
    for (const Submission* each : submissions) {
      EXPECT_NEAR(each->runtime_ratio, (each->end - each->start) / mean, 1e-5 * each->runtime_ratio) << dataset;
    }
  }
}

// Little's law, over enough submissions for the mean of exponential gaps to settle.
TEST(SyntheticClusterTest, OverlapIsTheMeanNumberOfRunsUnderWay) {
  for (const double overlap : {0.2, 1.0, 4.0}) {
    SyntheticCluster cluster = SmallCluster();
    cluster.groups = 1;
    cluster.submissions = 20'000;
    cluster.overlap = overlap;
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups(cluster, 3));
    const std::vector<Submission>& all = groups.front().submissions;
    Seconds running;
    for (const Submission& each : all) running += each.end - each.start;
    EXPECT_NEAR(running / (all.back().start - all.front().start), overlap, 0.05 * overlap);
  }
}

TEST(SyntheticClusterTest, GapsAreExponential) {
  SyntheticCluster cluster = SmallCluster();
  cluster.groups = 1;
  cluster.submissions = 20'000;
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups(cluster, 3));
  const std::vector<Submission>& all = groups.front().submissions;
  const Seconds mean = (all.back().start - all.front().start) / static_cast<double>(all.size() - 1);
  size_t longer_than_mean = 0;
  for (size_t i = 1; i < all.size(); ++i) longer_than_mean += all[i].start - all[i - 1].start > mean ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(longer_than_mean) / static_cast<double>(all.size()), std::exp(-1), 0.01);
}

TEST(SyntheticClusterTest, WithoutSpreadEveryRunLastsTheMeanRuntime) {
  SyntheticCluster cluster = SmallCluster();
  cluster.group_spread = 0;
  cluster.run_spread = 0;
  cluster.mean_runtime = Seconds(100);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups(cluster, 3));
  for (const ClusterGroup& group : groups) {
    for (const Submission& each : group.submissions) {
      EXPECT_NEAR((each.end - each.start).value(), 100, 1e-6);
      EXPECT_DOUBLE_EQ(each.runtime_ratio, 1);
    }
  }
}

TEST(SyntheticClusterTest, TimesTooFarFromTheOriginAreAnError) {
  SyntheticCluster cluster = SmallCluster();
  cluster.submissions = 100'000;
  cluster.mean_runtime = Seconds(1e8);
  cluster.overlap = 0.001;
  EXPECT_THAT(GenerateClusterGroups(cluster, 1), IsError(ErrorCode::kInvalidArgument, "mean_runtime: "));
}

struct BadCluster {
  std::string field;
  std::function<void(SyntheticCluster*)> spoil;
};

void PrintTo(const BadCluster& bad, std::ostream* out) {
  *out << bad.field;
}

class SyntheticClusterErrorTest : public ::testing::TestWithParam<BadCluster> {};

TEST_P(SyntheticClusterErrorTest, NamesTheField) {
  SyntheticCluster cluster = SmallCluster();
  ASSERT_THAT(Validate(cluster), IsOk());
  GetParam().spoil(&cluster);
  EXPECT_THAT(GenerateClusterGroups(cluster, 1), IsError(ErrorCode::kInvalidArgument, GetParam().field + ": expected"));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, SyntheticClusterErrorTest,
    ::testing::Values(BadCluster{"groups", [](SyntheticCluster* c) { c->groups = 0; }},
                      BadCluster{"submissions", [](SyntheticCluster* c) { c->submissions = 0; }},
                      BadCluster{"submissions", [](SyntheticCluster* c) { c->submissions = 1'000'000; }},
                      BadCluster{"datasets", [](SyntheticCluster* c) { c->datasets = {}; }},
                      BadCluster{"datasets", [](SyntheticCluster* c) { c->datasets = {"a", "b", "a"}; }},
                      BadCluster{"datasets", [](SyntheticCluster* c) { c->datasets = {"a", ""}; }},
                      BadCluster{"overlap", [](SyntheticCluster* c) { c->overlap = 0; }},
                      BadCluster{"overlap",
                                 [](SyntheticCluster* c) { c->overlap = std::numeric_limits<double>::infinity(); }},
                      BadCluster{"mean_runtime", [](SyntheticCluster* c) { c->mean_runtime = Seconds(0); }},
                      BadCluster{"group_spread", [](SyntheticCluster* c) { c->group_spread = -1; }},
                      BadCluster{"run_spread", [](SyntheticCluster* c) { c->run_spread = 3; }}));

}  // namespace
}  // namespace zeus
