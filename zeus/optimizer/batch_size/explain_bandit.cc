#include "zeus/optimizer/batch_size/explain_bandit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "zeus/optimizer/batch_size/believed_costs.h"

namespace zeus {
namespace {

BatchSizeBelief Unknown(int64_t batch_size, int64_t runs, std::string verdict) {
  return {.batch_size = batch_size,
          .runs = runs,
          .reached = {},
          .epoch_cost = {},
          .epochs = {},
          .cost = {},
          .best_probability = {},
          .trial = {},
          .verdict = std::move(verdict)};
}

std::string ExplorationVerdict(const PruningExploration::State& state, int64_t batch_size) {
  if (batch_size == state.next) return "next";
  if (std::ranges::find(state.good, batch_size) != state.good.end()) return "reached the target in this round";
  if (std::ranges::find(state.batch_sizes, batch_size) == state.batch_sizes.end()) return "pruned in an earlier round";
  const bool to_come =
      state.going_up ? batch_size > state.next : batch_size < state.next || batch_size > state.default_batch_size;
  return to_come ? "to be explored in this round" : "pruned in this round";
}

}  // namespace

PolicyExplanation ExplainBandit(const GaussianThompsonSampling& bandit, std::span<const int64_t> batch_sizes) {
  const std::span<const GaussianBelief> beliefs = bandit.beliefs();
  const BelievedCosts believed(beliefs.size(), [&](NumpyGenerator& generator, std::span<double> costs) {
    for (size_t i = 0; i < beliefs.size(); ++i) {
      costs[i] = beliefs[i].precision > 0 ? generator.Normal(-beliefs[i].mean, 1 / std::sqrt(beliefs[i].precision))
                                          : std::numeric_limits<double>::infinity();
    }
  });
  const std::vector<double> best = believed.LeastProbabilities(std::vector<bool>(beliefs.size(), true));
  PolicyExplanation explanation;
  GaussianThompsonSampling copy = bandit;  // Asking it draws random numbers.
  explanation.next_batch_size = copy.Predict();
  for (const int64_t batch_size : batch_sizes) {
    const auto arm = std::ranges::find(bandit.arms(), batch_size, &GaussianThompsonSampling::Arm::batch_size);
    if (arm == bandit.arms().end()) {
      explanation.sizes.push_back(Unknown(batch_size, 0, "pruned"));
      continue;
    }
    const auto i = static_cast<size_t>(arm - bandit.arms().begin());
    const auto runs = static_cast<int64_t>(arm->rewards.count());
    BatchSizeBelief belief = Unknown(batch_size, runs, runs == 0 ? "not tried" : "an arm of the bandit");
    if (beliefs[i].precision > 0) {
      belief.cost = believed.Number(i);
      belief.best_probability = best[i];
    }
    if (batch_size == explanation.next_batch_size) belief.verdict += ", and next";
    explanation.sizes.push_back(std::move(belief));
  }
  explanation.reason =
      "the least cost in one draw from the belief about each arm (Thompson sampling), once each has its first results";
  return explanation;
}

PolicyExplanation ExplainExploration(const PruningExploration& exploration, std::span<const int64_t> batch_sizes,
                                     std::span<const int64_t> runs) {
  const PruningExploration::State& state = exploration.state();
  PolicyExplanation explanation;
  for (size_t i = 0; i < batch_sizes.size(); ++i) {
    explanation.sizes.push_back(Unknown(batch_sizes[i], runs[i], ExplorationVerdict(state, batch_sizes[i])));
  }
  explanation.next_batch_size = state.next;
  explanation.reason = fmt::format(
      "exploration, {} to go: down from the default {} until one fails, then up, each that is left once a round",
      state.rounds_left == 1 ? "its last round" : fmt::format("{} rounds", state.rounds_left),
      state.default_batch_size);
  return explanation;
}

}  // namespace zeus
