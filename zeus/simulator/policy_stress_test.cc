#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "tests/support/result_matchers.h"
#include "zeus/base/numpy_generator.h"
#include "zeus/optimizer/batch_size/make_batch_size_policy.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"
#include "zeus/recurrence/recurrence_loop.h"
#include "zeus/simulator/cluster.h"
#include "zeus/simulator/expected_cost.h"
#include "zeus/simulator/trace_executor.h"

/// Jobs that could break a policy, made up: what learning costs with "knowledge-gradient", against "pruned-thompson".
/// docs/policies.md has the numbers.
namespace zeus {
namespace {

constexpr int kSeeds = 12;

/// How a made-up job behaves.
struct Law {
  std::vector<int64_t> batch_sizes = {32, 64, 128, 256, 512, 1024, 2048, 4096};
  int64_t default_batch_size = 256;
  double epochs = 20;        ///< At small batches.
  double critical = 1024;    ///< The batch size from which on epochs double with it.
  double smallest = 16;      ///< The one below which they blow up.
  double noise = 0.06;       ///< Standard deviation of ln(epochs) of a run,
  double deviation = 0.06;   ///< and of a batch size's mean about the law.
  double batch_share = 256;  ///< At this batch size an epoch's batches cost as much as its samples.
  double limit_share = 0.1;  ///< How much the power limit does to time.
  double fails = 0;          ///< How many of the runs never reach the target.
  int64_t first_reaching = 0;
  int64_t last_reaching = 1 << 20;
  int64_t max_epochs = 200;
};

JobTrace MakeTrace(const Law& law) {
  NumpyGenerator generator(20230417);
  std::vector<BatchSizeChoice> choices;
  const std::vector<Watts> limits = {Watts(125), Watts(150), Watts(175), Watts(200), Watts(225), Watts(250)};
  for (const int64_t batch_size : law.batch_sizes) choices.push_back({batch_size, limits});
  JobTrace trace{.job = {.workload = {.dataset = "made-up", .network = "net", .optimizer = "adam"},
                         .target_metric = 0.5,
                         .max_epochs = law.max_epochs,
                         .default_batch_size = law.default_batch_size,
                         .default_learning_rate = {},
                         .workdir = {}},
                 .max_power = Watts(250),
                 .batch_sizes = {},
                 .space = *KnobSpace::Create(std::move(choices))};
  for (const int64_t batch_size : law.batch_sizes) {
    const auto b = static_cast<double>(batch_size);
    RecordedBatchSize& recorded = trace.batch_sizes.emplace_back();
    recorded.batch_size = batch_size;
    for (const Watts limit : limits) {
      const double slower = 1 + law.limit_share * (250 - limit.value()) / 125 * (250 - limit.value()) / 125;
      recorded.limits.push_back({limit, Seconds(100 * (1 + law.batch_share / b) * slower), limit * 0.9});
    }
    const double mean =
        std::log(law.epochs * (1 + b / law.critical + law.smallest / b)) + law.deviation * generator.StandardNormal();
    constexpr int kRuns = 20;
    for (int run = 0; run < kRuns; ++run) {
      const double epochs = std::max(1.0, std::round(std::exp(mean + law.noise * generator.StandardNormal())));
      const bool fails = batch_size < law.first_reaching || batch_size > law.last_reaching ||
                         (batch_size != law.default_batch_size && run < law.fails * kRuns);
      recorded.target_epochs.push_back(fails ? std::nullopt : std::optional(static_cast<int64_t>(epochs)));
    }
  }
  return trace;
}

struct Figures {
  double regret = 0;
  double last_five = 0;
};

/// Runs a job whose law changes at some recurrences. Regret is from the first change on, if there is one.
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

Figures Average(const World& world, const std::string& policy) {
  Figures mean;
  int done = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
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
  double last_five = 1.01;  ///< In oracle recurrences.
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

World Walls() {
  Law law{.critical = 2048};
  law.first_reaching = 128;
  law.last_reaching = 512;
  return One(law);
}

// A last five above 1.01 is what the policy falls short by: docs/policies.md says why.
// Four runs at once: the first explores, three more begin before it ends, and so on.
TEST(OverlapStressTest, FourRunsAtOnceCostNoMoreThanThePublishedPolicys) {
  const auto regret = [](const std::string& name) {
    const JobTrace trace = MakeTrace({});
    const CostMetric metric = *CostMetric::Create(0.5, Watts(250));
    const double best = ExpectOracle(trace, metric)->cost.value();
    double sum = 0;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      std::vector<Submission> submissions;
      for (int i = 0; i < 100; ++i) {
        const double start = 400.0 * (i / 4) + i % 4;
        submissions.push_back({.start = Seconds(start), .end = Seconds(start + 350), .runtime_ratio = 1});
      }
      const ClusterGroup group{
          .name = "group" + std::to_string(seed), .dataset = "made-up", .submissions = submissions};
      const Result<GroupResult> result =
          SimulateGroup(group, trace, {.policies = {.batch_size = name}}, PolicyFactory());
      EXPECT_THAT(result, testing::IsOk());
      if (!result) return 1e9;
      for (const HistoryEntry& entry : result->history) sum += metric.Cost(entry.energy, entry.time).value() / best;
    }
    return sum / kSeeds - 100;
  };
  const double published = regret("pruned-thompson");
  const double mine = regret("knowledge-gradient");
  std::printf("%-26s regret %6.2f (published %6.2f)\n", "FourAtOnce", mine, published);
  EXPECT_LE(mine, published + 0.5);
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
        Scenario{"Noisy", [] { return One({.noise = 0.2}); }},
        Scenario{"VeryNoisy", [] { return One({.noise = 0.5}); }, 0.5, 1.03},
        Scenario{"FewEpochs", [] { return One({.epochs = 2}); }},
        Scenario{"OneEpoch", [] { return One({.epochs = 0.4}); }},
        Scenario{"OneEpochAndTwo", [] { return One({.default_batch_size = 2048, .epochs = 0.8, .batch_share = 64}); }},
        Scenario{"StepsOfEpochs",
                 [] { return One({.default_batch_size = 1024, .epochs = 1.6, .critical = 512, .batch_share = 128}); },
                 0.5, 1.02},
        Scenario{"PowerLimitMatters", [] { return One({.critical = 8192, .batch_share = 4, .limit_share = 2}); }},
        Scenario{"NoDrift", [] { return Drift({}, {}); }},
        Scenario{"HalfMoreEpochs", [] { return Drift({}, EpochsTimes(1.5)); }},
        Scenario{"ThreeTimesTheEpochs", [] { return Drift({}, EpochsTimes(3)); }, 0.5, 1.01, 3.4},
        Scenario{"HalfTheEpochs", [] { return Drift({}, EpochsTimes(0.5)); }},
        Scenario{"OptimumMovesUp", [] { return Drift({.critical = 256}, {.critical = 4096, .smallest = 512}); }},
        Scenario{"OptimumMovesDown", [] { return Drift({.critical = 4096}, {.critical = 128}); }, 0.5, 1.01, 18},
        Scenario{"GradualDrift", Gradual}),
    NameOf);

}  // namespace
}  // namespace zeus
