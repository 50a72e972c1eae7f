#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <limits>
#include <ostream>
#include <string>

#include "tests/support/made_up_job.h"
#include "tests/support/policy_world.h"
#include "zeus/base/numpy_generator.h"
#include "zeus/simulator/expected_cost.h"

/// Jobs that could break a policy, made up: what learning costs with "knowledge-gradient", against "pruned-thompson".
/// docs/policies.md has the numbers.
namespace zeus {
namespace {

using ::zeus::testing::Average;
using ::zeus::testing::CheapestOfFreeRuns;
using ::zeus::testing::Figures;
using ::zeus::testing::kGoal;
using ::zeus::testing::kSeedsOfNoise;
using ::zeus::testing::Law;
using ::zeus::testing::LeastWithoutCurve;
using ::zeus::testing::MakeTrace;
using ::zeus::testing::World;

constexpr uint64_t kSeeds = 12;

struct Scenario {
  std::string name;
  std::function<World()> make;
  double beyond = 0.5;  ///< Oracle recurrences that regret may be beyond the published policy's.
  double last_five = kGoal;
  double most = std::numeric_limits<double>::infinity();  ///< Of regret; where the published policy gives up.
  uint64_t seeds = kSeeds;
};

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

std::string NameOf(const ::testing::TestParamInfo<Scenario>& info) {
  return info.param.name;
}

class PolicyStressTest : public ::testing::TestWithParam<Scenario> {};

TEST_P(PolicyStressTest, LearningCostsNoMoreThanThePublishedPolicys) {
  const World world = GetParam().make();
  const Figures published = Average(world, "pruned-thompson", GetParam().seeds);
  const Figures mine = Average(world, "knowledge-gradient", GetParam().seeds);
  std::printf("%-26s regret %6.2f (published %6.2f), last five %.3f (%.3f)\n", GetParam().name.c_str(), mine.regret,
              published.regret, mine.last_five, published.last_five);
  EXPECT_LE(mine.regret, published.regret + GetParam().beyond);
  EXPECT_LE(mine.regret, GetParam().most);
  EXPECT_LE(mine.last_five, GetParam().last_five);
  // The goal is given up only where runs alone cannot reach it.
  if (GetParam().last_five > kGoal) {
    EXPECT_GT(LeastWithoutCurve(world.traces[0], world.each), kGoal);
  }
}

World One(const Law& law) {
  return {.traces = {MakeTrace(law)}};
}

World Drift(const Law& before, const Law& after) {
  return {.traces = {MakeTrace(before), MakeTrace(after)}};
}

Law EpochsTimes(double factor) {
  Law law;
  law.epochs *= factor;
  return law;
}

World Gradual() {
  World world{.traces = {}, .each = 20};
  for (int i = 0; i < 8; ++i) world.traces.push_back(MakeTrace(EpochsTimes(std::pow(1.1, i))));
  return world;
}

const Law kNoisy{.noise = 0.2};
const Law kVeryNoisy{.noise = 0.5};
const Law kStepsOfEpochs{.default_batch_size = 1024, .epochs = 1.6, .critical = 512, .batch_share = 128};

World Walls() {
  Law law{.critical = 2048};
  law.first_reaching = 128;
  law.last_reaching = 512;
  return One(law);
}

INSTANTIATE_TEST_SUITE_P(
    MadeUp, PolicyStressTest,
    ::testing::Values(
        Scenario{"Plain", [] { return One({}); }},
        Scenario{"DefaultIsBest", [] { return One({.default_batch_size = 512}); }},
        Scenario{"DefaultIsSmallest", [] { return One({.default_batch_size = 32}); }},
        Scenario{"DefaultIsLargest", [] { return One({.default_batch_size = 4096}); }},
        Scenario{"OneSize", [] { return One({.batch_sizes = {256}}); }},
        Scenario{"TwoSizes", [] { return One({.batch_sizes = {256, 512}}); }},
        Scenario{"TwoSizesDefaultBest", [] { return One({.batch_sizes = {32, 256}}); }},
        Scenario{"ThreeSizes", [] { return One({.batch_sizes = {32, 256, 4096}}); }},
        Scenario{"NoPowersOfTwo",
                 [] { return One({.batch_sizes = {24, 50, 100, 250, 300, 700, 1500}, .default_batch_size = 100}); }},
        Scenario{"HardWalls", Walls}, Scenario{"OneInFiveFails", [] { return One({.fails = 0.2}); }},
        Scenario{.name = "Noisy", .make = [] { return One(kNoisy); }, .seeds = kSeedsOfNoise},
        Scenario{
            .name = "VeryNoisy", .make = [] { return One(kVeryNoisy); }, .last_five = 1.025, .seeds = kSeedsOfNoise},
        Scenario{"FewEpochs", [] { return One({.epochs = 2}); }},
        Scenario{"OneEpoch", [] { return One({.epochs = 0.4}); }},
        Scenario{"OneEpochAndTwo", [] { return One({.default_batch_size = 2048, .epochs = 0.8, .batch_share = 64}); }},
        Scenario{"StepsOfEpochs", [] { return One(kStepsOfEpochs); }},
        Scenario{"PowerLimitMatters", [] { return One({.critical = 8192, .batch_share = 4, .limit_share = 2}); }},
        Scenario{"NoDrift", [] { return Drift({}, {}); }},
        Scenario{"HalfMoreEpochs", [] { return Drift({}, EpochsTimes(1.5)); }},
        Scenario{"ThreeTimesTheEpochs", [] { return Drift({}, EpochsTimes(3)); }, 0.5, kGoal, 3.4},
        Scenario{"HalfTheEpochs", [] { return Drift({}, EpochsTimes(0.5)); }},
        Scenario{"OptimumMovesUp", [] { return Drift({.critical = 256}, {.critical = 4096, .smallest = 512}); }},
        Scenario{"OptimumMovesDown", [] { return Drift({.critical = 4096}, {.critical = 128}); }, 0.5, kGoal, 10},
        Scenario{"GradualDrift", Gradual}),
    NameOf);

// Where a run's epochs vary more than batch sizes differ, a job's hundred runs do not tell which is best. What they
// tell whoever has them for free is the measure.
struct NoisyJob {
  std::string name;
  Law law;
  double beyond = 0;  ///< What the last five may be beyond that measure; below 0, what they must be better by.
};

TEST(NoisyJobTest, TheLastFiveAreAboutWhatFreeRunsComeTo) {
  constexpr int64_t kRuns = 100;
  for (const NoisyJob& job : {NoisyJob{"Noisy", kNoisy, -0.008}, NoisyJob{"VeryNoisy", kVeryNoisy, -0.02},
                              NoisyJob{"StepsOfEpochs", kStepsOfEpochs, -0.002}}) {
    const World world = One(job.law);
    const double free = CheapestOfFreeRuns(world.traces[0], kRuns);
    const double mine = Average(world, "knowledge-gradient", 100).last_five;
    std::printf("%-26s last five %.3f (%d runs for free: %.3f, %d: %.3f)\n", job.name.c_str(), mine, int{kRuns}, free,
                int{8 * kRuns}, CheapestOfFreeRuns(world.traces[0], 8 * kRuns));
    EXPECT_LE(mine, free + job.beyond) << job.name;
  }
}

}  // namespace
}  // namespace zeus
