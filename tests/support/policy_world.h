#pragma once

#include <gmock/gmock.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/result_matchers.h"
#include "zeus/base/numpy_generator.h"
#include "zeus/optimizer/batch_size/make_batch_size_policy.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"
#include "zeus/recurrence/recurrence_loop.h"
#include "zeus/simulator/expected_cost.h"
#include "zeus/simulator/trace_executor.h"

/// Jobs whose law may change, and what learning them costs a policy.
namespace zeus::testing {

/// For the mean of the last five recurrences, in oracle recurrences.
inline constexpr double kGoal = 1.01;
/// With fewer, the last five of a noisy job are a matter of chance.
inline constexpr uint64_t kSeedsOfNoise = 100;

/// In oracle recurrences. Those of a policy that comes to no end are infinite.
struct Figures {
  double regret = std::numeric_limits<double>::infinity();
  double last_five = std::numeric_limits<double>::infinity();
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

inline Result<Figures> RunOnce(const World& world, const std::string& policy_name, uint64_t seed) {
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(0.5, world.traces[0].max_power));
  ZEUS_ASSIGN_OR_RETURN(const auto policy, MakeBatchSizePolicy(policy_name, {.seed = seed}));
  ZEUS_ASSIGN_OR_RETURN(const auto power, MakePowerLimitPolicy("jit"));
  WorldExecutor executor(world, metric, seed);
  ZEUS_ASSIGN_OR_RETURN(
      RecurrenceLoop loop,
      RecurrenceLoop::Create(
          world.traces[0].job, world.traces[0].space, metric, 2,
          {.batch_size_policy = policy.get(), .power_limit_policy = power.get(), .executor = &executor}));
  History history;
  Figures figures{.regret = 0, .last_five = 0};
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

/// The mean of seeds from 1 on, but for those with which it comes to no end.
inline Figures Average(const World& world, const std::string& policy, uint64_t seeds) {
  Figures mean{.regret = 0, .last_five = 0};
  int done = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Result<Figures> one = RunOnce(world, policy, seed);
    if (policy == "knowledge-gradient") {
      EXPECT_THAT(one, IsOk()) << "seed " << seed;
    }
    if (!one) continue;  // The published policy gives up where it finds no batch size that always reaches.
    mean.regret += one->regret;
    mean.last_five += one->last_five;
    ++done;
  }
  return done == 0 ? Figures() : Figures{mean.regret / done, mean.last_five / done};
}

/// By what it is told which batch size is cheapest.
enum class Yardstick { kMean, kMeanOfLogarithms };

/// Whoever is given `runs` of a job, as many at each batch size, and then keeps the one that seems cheapest: what that
/// costs on average, in oracle recurrences. To learn it he pays nothing.
inline double CheapestOfFreeRuns(const JobTrace& trace, int64_t runs, Yardstick yardstick = Yardstick::kMean) {
  const CostMetric metric = *CostMetric::Create(0.5, trace.max_power);
  const double best = ExpectOracle(trace, metric)->cost.value();
  const int64_t each = runs / static_cast<int64_t>(trace.batch_sizes.size());
  struct Choice {
    double cost = 0;             ///< Expected.
    double mean = 0;             ///< Of `values`.
    std::vector<double> values;  ///< Of each recorded run, by the yardstick.
  };
  std::vector<Choice> choices;
  for (const RecordedBatchSize& size : trace.batch_sizes) {
    const std::optional<ExpectedRecurrence> recurrence = ExpectBestLimit(trace, metric, size.batch_size);
    if (!recurrence) continue;
    Choice choice{.cost = recurrence->cost.value() / best};
    for (const std::optional<int64_t> run : size.target_epochs) {
      const auto epochs = static_cast<double>(run.value_or(trace.job.max_epochs));
      choice.values.push_back(yardstick == Yardstick::kMean ? epochs : std::log(epochs));
      choice.mean += choice.values.back() / static_cast<double>(size.target_epochs.size());
    }
    choices.push_back(std::move(choice));
  }
  constexpr int kTimes = 4000;
  NumpyGenerator generator(1);
  double sum = 0;
  for (int i = 0; i < kTimes; ++i) {
    double least = std::numeric_limits<double>::infinity();
    double chosen = 0;
    for (const Choice& choice : choices) {
      double seen = 0;
      for (int64_t run = 0; run < each; ++run) seen += choice.values[generator.Bounded(choice.values.size() - 1)];
      const double mean = seen / static_cast<double>(each);
      const double off = yardstick == Yardstick::kMean ? mean / choice.mean : std::exp(mean - choice.mean);
      if (choice.cost * off >= least) continue;
      least = choice.cost * off;
      chosen = choice.cost;
    }
    sum += chosen / kTimes;
  }
  return sum;
}

/// About the least that the last of a job's recurrences can cost, in oracle recurrences, where nothing but runs tells
/// batch sizes apart, all equally noisy and each drawn anew: with as many runs of each size as the job has recurrences,
/// which is more than anybody sees, to keep the size whose mean of logarithms is least is the best rule, on the mean of
/// all ways in which these costs can be dealt out to the sizes (Bahadur and Goodman 1952).
inline double LeastWithoutCurve(const JobTrace& trace, int64_t recurrences) {
  const auto sizes = static_cast<int64_t>(trace.batch_sizes.size());
  return CheapestOfFreeRuns(trace, recurrences * sizes, Yardstick::kMeanOfLogarithms);
}

}  // namespace zeus::testing
