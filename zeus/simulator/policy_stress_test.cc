#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "tests/support/made_up_job.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/numpy_generator.h"
#include "zeus/optimizer/batch_size/make_batch_size_policy.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"
#include "zeus/recurrence/recurrence_loop.h"
#include "zeus/simulator/expected_cost.h"
#include "zeus/simulator/trace_executor.h"

/// Jobs that could break a policy, made up: what learning costs with "knowledge-gradient", against "pruned-thompson".
/// docs/policies.md has the numbers.
namespace zeus {
namespace {

using ::zeus::testing::Law;
using ::zeus::testing::MakeTrace;

constexpr uint64_t kSeeds = 12;

struct Figures {
  double regret = 0;
  double last_five = 0;
};

/// A job whose law changes at some recurrences. Regret is from the first change on, if there is one.
struct World {
  std::vector<JobTrace> traces;
  int64_t each = 100;  ///< Recurrences of a trace.
};

class WorldExecutor final : public Executor {
 public:
  WorldExecutor(const World& world, const CostMetric& metric, uint64_t seed) : each_(world.each) {
    for (const JobTrace& trace : world.traces) {
      parts_.push_back(std::make_unique<TraceExecutor>(trace, metric, NumpyGenerator(seed)));
    }
  }

  Result<Outcome> Execute(const TryRequest& request, const ChoosePowerLimit& choose) override {
    return parts_[static_cast<size_t>(request.recurrence / each_)]->Execute(request, choose);
  }

  [[nodiscard]] Joules ExpectedCost(int64_t recurrence) const {
    return parts_[static_cast<size_t>(recurrence / each_)]->expected_costs()[static_cast<size_t>(recurrence)];
  }

 private:
  int64_t each_;
  std::vector<std::unique_ptr<TraceExecutor>> parts_;
};

Result<Figures> RunOnce(const World& world, const std::string& policy_name, uint64_t seed) {
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(0.5, Watts(250)));
  ZEUS_ASSIGN_OR_RETURN(const auto policy, MakeBatchSizePolicy(policy_name, {.seed = seed}));
  ZEUS_ASSIGN_OR_RETURN(const auto power, MakePowerLimitPolicy("jit"));
  WorldExecutor executor(world, metric, seed);
  ZEUS_ASSIGN_OR_RETURN(
      RecurrenceLoop loop,
      RecurrenceLoop::Create(
          world.traces[0].job, world.traces[0].space, metric, 2,
          {.batch_size_policy = policy.get(), .power_limit_policy = power.get(), .executor = &executor}));
  History history;
  Figures figures;
  const int64_t all = world.each * static_cast<int64_t>(world.traces.size());
  for (int64_t i = 0; i < all; ++i) {
    ZEUS_RETURN_IF_ERROR(loop.RunRecurrence(&history));
    ZEUS_ASSIGN_OR_RETURN(const ExpectedRecurrence oracle,
                          ExpectOracle(world.traces[static_cast<size_t>(i / world.each)], metric));
    const double cost = executor.ExpectedCost(i) / oracle.cost;
    if (world.traces.size() == 1 || i >= world.each) figures.regret += cost - 1;
    if (i >= all - 5) figures.last_five += cost / 5;
  }
  return figures;
}

Figures Average(const World& world, const std::string& policy, uint64_t seeds = kSeeds) {
  Figures mean;
  int done = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Result<Figures> one = RunOnce(world, policy, seed);
    if (policy == "knowledge-gradient") {
      EXPECT_THAT(one, testing::IsOk()) << "seed " << seed;
    }
    if (!one) continue;  // The published policy gives up where it finds no batch size that always reaches.
    mean.regret += one->regret;
    mean.last_five += one->last_five;
    ++done;
  }
  return done == 0 ? Figures{.regret = 1e9, .last_five = 1e9} : Figures{mean.regret / done, mean.last_five / done};
}

struct Scenario {
  std::string name;
  std::function<World()> make;
  double beyond = 0.5;      ///< Oracle recurrences that regret may be beyond the published policy's.
  double last_five = 1.01;  ///< In oracle recurrences; more than 1.01 for those of NoisyJobTest.
  double most = std::numeric_limits<double>::infinity();  ///< Of regret; where the published policy gives up.
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
  const Figures published = Average(world, "pruned-thompson");
  const Figures mine = Average(world, "knowledge-gradient");
  std::printf("%-26s regret %6.2f (published %6.2f), last five %.3f (%.3f)\n", GetParam().name.c_str(), mine.regret,
              published.regret, mine.last_five, published.last_five);
  EXPECT_LE(mine.regret, published.regret + GetParam().beyond);
  EXPECT_LE(mine.regret, GetParam().most);
  EXPECT_LE(mine.last_five, GetParam().last_five);
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
        Scenario{"Noisy", [] { return One(kNoisy); }}, Scenario{"VeryNoisy", [] { return One(kVeryNoisy); }, 0.5, 1.03},
        Scenario{"FewEpochs", [] { return One({.epochs = 2}); }},
        Scenario{"OneEpoch", [] { return One({.epochs = 0.4}); }},
        Scenario{"OneEpochAndTwo", [] { return One({.default_batch_size = 2048, .epochs = 0.8, .batch_share = 64}); }},
        Scenario{"StepsOfEpochs", [] { return One(kStepsOfEpochs); }, 0.5, 1.02},
        Scenario{"PowerLimitMatters", [] { return One({.critical = 8192, .batch_share = 4, .limit_share = 2}); }},
        Scenario{"NoDrift", [] { return Drift({}, {}); }},
        Scenario{"HalfMoreEpochs", [] { return Drift({}, EpochsTimes(1.5)); }},
        Scenario{"ThreeTimesTheEpochs", [] { return Drift({}, EpochsTimes(3)); }, 0.5, 1.01, 3.4},
        Scenario{"HalfTheEpochs", [] { return Drift({}, EpochsTimes(0.5)); }},
        Scenario{"OptimumMovesUp", [] { return Drift({.critical = 256}, {.critical = 4096, .smallest = 512}); }},
        Scenario{"OptimumMovesDown", [] { return Drift({.critical = 4096}, {.critical = 128}); }, 0.5, 1.01, 18},
        Scenario{"GradualDrift", Gradual}),
    NameOf);

/// Whoever is given `runs` of a job, as many at each batch size, and then keeps the one that was cheapest: what that
/// costs on average, in oracle recurrences. To learn it he pays nothing.
double CheapestOfFreeRuns(const JobTrace& trace, int64_t runs) {
  const CostMetric metric = *CostMetric::Create(0.5, trace.max_power);
  const double best = ExpectOracle(trace, metric)->cost.value();
  const int64_t each = runs / static_cast<int64_t>(trace.batch_sizes.size());
  constexpr int kTimes = 4000;
  NumpyGenerator generator(1);
  double sum = 0;
  for (int i = 0; i < kTimes; ++i) {
    double least = std::numeric_limits<double>::infinity();
    double chosen = 0;
    for (const RecordedBatchSize& size : trace.batch_sizes) {
      const double expected = ExpectBestLimit(trace, metric, size.batch_size)->cost.value() / best;
      double all = 0;
      for (const auto& epochs : size.target_epochs) all += static_cast<double>(*epochs);
      double seen = 0;
      for (int64_t run = 0; run < each; ++run) {
        seen += static_cast<double>(*size.target_epochs[generator.Bounded(size.target_epochs.size() - 1)]);
      }
      const double mean = seen / static_cast<double>(each) / (all / static_cast<double>(size.target_epochs.size()));
      if (expected * mean >= least) continue;
      least = expected * mean;
      chosen = expected;
    }
    sum += chosen / kTimes;
  }
  return sum;
}

// Where a run's epochs vary more than batch sizes differ, a job's hundred runs do not tell which is best. What they
// tell whoever has them for free is the measure.
struct NoisyJob {
  std::string name;
  Law law;
  double beyond = 0;  ///< What the last five may be beyond that measure; below 0, what they must be better by.
};

TEST(NoisyJobTest, TheLastFiveAreAboutWhatFreeRunsComeTo) {
  constexpr int64_t kRuns = 100;
  for (const NoisyJob& job : {NoisyJob{"Noisy", kNoisy, -0.005}, NoisyJob{"VeryNoisy", kVeryNoisy, 0.005},
                              NoisyJob{"StepsOfEpochs", kStepsOfEpochs, 0.005}}) {
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
