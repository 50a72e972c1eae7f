#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/made_up_job.h"
#include "tests/support/result_matchers.h"
#include "zeus/simulator/cluster.h"
#include "zeus/simulator/expected_cost.h"

/// Submissions that overlap: what learning costs with "knowledge-gradient", against "pruned-thompson". docs/policies.md
/// has the numbers.
namespace zeus {
namespace {

constexpr int kSeeds = 12;
constexpr int kSubmissions = 100;

Submission From(double start, double seconds) {
  return {.start = Seconds(start), .end = Seconds(start + seconds), .runtime_ratio = 1};
}

/// In oracle recurrences, the mean of some groups.
double Regret(const std::string& policy, const std::vector<Submission>& submissions) {
  const JobTrace trace = testing::MakeTrace({});
  const CostMetric metric = *CostMetric::Create(0.5, trace.max_power);
  const double best = ExpectOracle(trace, metric)->cost.value();
  double sum = 0;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    // Its name is a group's seed.
    const ClusterGroup group{.name = "group" + std::to_string(seed), .dataset = "made-up", .submissions = submissions};
    const Result<GroupResult> result =
        SimulateGroup(group, trace, {.policies = {.batch_size = policy}}, PolicyFactory());
    EXPECT_THAT(result, testing::IsOk());
    if (!result) return 1e9;
    for (const HistoryEntry& entry : result->history) sum += metric.Cost(entry.energy, entry.time).value() / best;
  }
  return sum / kSeeds - kSubmissions;
}

struct Compared {
  double mine = 0;
  double published = 0;
};

Compared Compare(const std::string& name, const std::vector<Submission>& submissions) {
  const Compared regret{.mine = Regret("knowledge-gradient", submissions),
                        .published = Regret("pruned-thompson", submissions)};
  std::printf("%-26s regret %6.2f (published %6.2f)\n", name.c_str(), regret.mine, regret.published);
  return regret;
}

// The first of each four begins when none is under way.
TEST(OverlapStressTest, FourAtOnceCostNoMoreThanThePublishedPolicys) {
  std::vector<Submission> submissions;
  for (int four = 0; four < kSubmissions / 4; ++four) {
    for (int i = 0; i < 4; ++i) submissions.push_back(From(400.0 * four + i, 350));
  }
  const Compared regret = Compare("FourAtOnce", submissions);
  EXPECT_LE(regret.mine, regret.published + 0.5);
}

// Some run is always under way: the published policy is never asked, and stays at the default.
TEST(OverlapStressTest, WithEightAlwaysUnderWayItLearnsAllTheSame) {
  std::vector<Submission> submissions;
  for (int i = 0; i < kSubmissions; ++i) submissions.push_back(From(100.0 * i, 750));
  const Compared regret = Compare("EightUnderWay", submissions);
  EXPECT_LE(regret.mine, 0.5 * regret.published);
}

}  // namespace
}  // namespace zeus
