#include "zeus/optimizer/batch_size/knowledge_gradient/explain_beliefs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "zeus/optimizer/batch_size/believed_costs.h"

namespace zeus::knowledge_gradient {
namespace {

struct Tally {
  int64_t runs = 0;
  int64_t reached = 0;
  int64_t ended_by_profile = 0;
};

std::vector<Tally> CountRuns(const JobBeliefs& beliefs) {
  std::vector<Tally> tallies(beliefs.epochs().sizes());
  for (const Run& run : beliefs.runs()) {
    Tally& tally = tallies[run.size];
    ++tally.runs;
    tally.reached += run.reached ? 1 : 0;
    tally.ended_by_profile += run.ended_by_profile ? 1 : 0;
  }
  return tallies;
}

/// A draw of what is common to all sizes: a curve, and how far the level is off.
struct Common {
  size_t curve = 0;
  double level = 0;
};

Common DrawCommon(const EpochsBelief& epochs, NumpyGenerator& generator) {
  double left = generator.NextDouble();
  const std::span<const double> weights = epochs.live_weights();
  size_t curve = 0;
  while (curve + 1 < weights.size() && left >= weights[curve]) left -= weights[curve++];
  return {.curve = curve, .level = generator.Normal(0, std::sqrt(epochs.level_variance()))};
}

std::vector<double> WallChances(const JobBeliefs& beliefs, size_t incumbent) {
  std::vector<double> chances(beliefs.epochs().sizes());
  for (size_t i = 0; i < chances.size(); ++i) chances[i] = beliefs.WallChance(i, incumbent);
  return chances;
}

/// Draws of all sizes: of the epochs and of the cost of a run that can reach the target, and of the cost where one
/// cannot be sure that any does, which is infinite behind a wall. A third of the numbers each.
class JointDraw {
 public:
  JointDraw(const JobBeliefs& beliefs, size_t incumbent, std::span<const double> wall_chances)
      : epochs_(beliefs.epochs()),
        costs_(beliefs.costs()),
        least_log_epochs_(beliefs.only_costs() ? -std::numeric_limits<double>::infinity() : 0),
        incumbent_(incumbent),
        wall_chances_(wall_chances) {}

  void operator()(NumpyGenerator& generator, std::span<double> numbers) const {
    const size_t sizes = epochs_.sizes();
    const Common common = DrawCommon(epochs_, generator);
    const double wall_below = generator.NextDouble();
    const double wall_above = generator.NextDouble();
    for (size_t i = 0; i < sizes; ++i) {
      const double own = generator.Normal(0, std::sqrt(epochs_.own_variance(i)));
      const LogBelief& epoch_cost = costs_.beliefs()[i];
      const double log_epochs =
          std::max(least_log_epochs_, epochs_.Mean(i, common.curve) + (1 - epochs_.trust(i)) * common.level + own);
      numbers[i] = std::exp(log_epochs);
      const double cost = std::exp(log_epochs + generator.Normal(epoch_cost.mean, std::sqrt(epoch_cost.variance)));
      const bool walled = wall_chances_[i] > (i < incumbent_ ? wall_below : wall_above);
      numbers[sizes + i] = cost;
      numbers[2 * sizes + i] = walled ? std::numeric_limits<double>::infinity() : cost;
    }
  }

 private:
  const EpochsBelief& epochs_;
  const EpochCosts& costs_;
  double least_log_epochs_;  ///< A run takes an epoch at least.
  size_t incumbent_;
  std::span<const double> wall_chances_;
};

BelievedNumber EpochCostOf(const LogBelief& belief) {
  constexpr double kNineInTen = 1.6448536269514722;
  const double deviation = std::sqrt(belief.variance);
  return {.mean = std::exp(belief.mean + 0.5 * belief.variance),
          .low = std::exp(belief.mean - kNineInTen * deviation),
          .high = std::exp(belief.mean + kNineInTen * deviation)};
}

std::string Times(int64_t count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

std::string VerdictOf(const Tally& tally, const TrialWorth* trial, double wall_chance, bool incumbent, bool next) {
  if (incumbent) return next ? "incumbent, and next" : "incumbent";
  std::string past = "not tried";
  if (tally.runs > 0 && tally.runs == tally.ended_by_profile) {
    past = "left after its first epoch";
  } else if (tally.runs > 0) {
    past =
        tally.reached == 0 ? fmt::format("failed {}", Times(tally.runs)) : fmt::format("tried {}", Times(tally.runs));
  }
  if (trial == nullptr) return past;
  if (wall_chance >= 0.5) past += fmt::format(", {:.0f}% sure never to reach", 100 * wall_chance);
  if (next) return past + ", and next";
  return past + (trial->score.value() > 0 ? ", worth a try" : ", not worth its price");
}

std::string ReasonOf(const Decision& decision) {
  switch (decision.why) {
    case Decision::Why::kFirst:
      return "no run has reached the target yet: the default";
    case Decision::Why::kIncumbent:
      return "nothing that another batch size could teach is worth its price: the incumbent, the cheapest that has "
             "reached the target";
    case Decision::Why::kRetry:
      return "the last try did not reach the target: the incumbent ends the recurrence";
    case Decision::Why::kTrial:
      return "what a run there would teach, over the recurrences to come, is worth its price";
    case Decision::Why::kFewerEpochs:
      return "to know how often a run there takes an epoch fewer is worth its price";
  }
  return {};
}

}  // namespace

PolicyExplanation ExplainBeliefs(const JobBeliefs& beliefs, std::span<const int64_t> batch_sizes) {
  const std::vector<Tally> tallies = CountRuns(beliefs);
  const std::optional<TrialContext> context = beliefs.Context();
  const Decision decision = beliefs.Decide();
  const bool any_cost = std::ranges::any_of(beliefs.runs(), [](const Run& run) { return run.cost > 0; });
  PolicyExplanation explanation;
  for (size_t i = 0; i < batch_sizes.size(); ++i) {
    explanation.sizes.push_back({.batch_size = batch_sizes[i],
                                 .runs = tallies[i].runs,
                                 .reached = tallies[i].reached,
                                 .epoch_cost = {},
                                 .epochs = {},
                                 .cost = {},
                                 .best_probability = {},
                                 .trial = {},
                                 .verdict = {}});
  }
  std::vector<BatchSizeBelief>& sizes = explanation.sizes;
  std::vector<double> wall_chances(sizes.size());
  if (any_cost && !beliefs.only_costs()) {
    for (size_t i = 0; i < sizes.size(); ++i) sizes[i].epoch_cost = EpochCostOf(beliefs.costs().beliefs()[i]);
  }
  if (context) {
    wall_chances = WallChances(beliefs, context->incumbent);
    const BelievedCosts believed(3 * sizes.size(), JointDraw(beliefs, context->incumbent, wall_chances));
    std::vector<bool> compared(3 * sizes.size());
    std::fill(compared.begin() + static_cast<std::ptrdiff_t>(2 * sizes.size()), compared.end(), true);
    const std::vector<double> best = believed.LeastProbabilities(compared);
    const TrialValuer valuer = beliefs.Valuer();
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (!beliefs.only_costs()) sizes[i].epochs = believed.Number(i);
      sizes[i].cost = believed.Number(sizes.size() + i);
      sizes[i].best_probability = best[2 * sizes.size() + i];
      if (i == context->incumbent) continue;
      TrialContext own_context = *context;
      own_context.wall_chance = wall_chances[i];
      const bool again = decision.why == Decision::Why::kFewerEpochs && i == decision.size;
      const TrialValue value = again ? *valuer.ValueOfFewerEpochs(i, *context) : valuer.Value(i, own_context);
      sizes[i].trial = TrialWorth{.gain = Joules(value.gain),
                                  .price = Joules(value.price),
                                  .score = Joules(value.score),
                                  .rank = Joules(value.rank)};
    }
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    sizes[i].verdict = VerdictOf(tallies[i], sizes[i].trial ? &*sizes[i].trial : nullptr, wall_chances[i],
                                 context && i == context->incumbent, i == decision.size);
  }
  explanation.next_batch_size = batch_sizes[decision.size];
  explanation.reason = ReasonOf(decision);
  return explanation;
}

}  // namespace zeus::knowledge_gradient
