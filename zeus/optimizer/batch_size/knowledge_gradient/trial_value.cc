#include "zeus/optimizer/batch_size/knowledge_gradient/trial_value.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "zeus/optimizer/batch_size/knowledge_gradient/fewer_epochs.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/normal.h"

namespace zeus::knowledge_gradient {

double TrialValuer::ExpectedCost(size_t size) const {
  const std::span<const double> weights = epochs_.live_weights();
  double epochs = 0;
  for (size_t k = 0; k < weights.size(); ++k) epochs += weights[k] * std::exp(epochs_.Mean(size, k));
  epochs *= std::exp(0.5 * epochs_.Variance(size));
  if (length_ == RunLength::kWholeEpochs) epochs = std::max(epochs, 1.0);
  const LogBelief& epoch_cost = costs_.beliefs()[size];
  return epochs * std::exp(epoch_cost.mean + 0.5 * epoch_cost.variance);
}

LogBelief TrialValuer::LogCost(size_t size) const {
  const LogBelief epochs = epochs_.Predict(size);
  const LogBelief& epoch_cost = costs_.beliefs()[size];
  return {.mean = epochs.mean + epoch_cost.mean, .variance = epochs.variance + epoch_cost.variance};
}

double TrialValuer::Off(size_t size, size_t incumbent, const LogBelief& epoch_cost, size_t position) const {
  return epochs_.Mean(size, position) + epoch_cost.mean - epochs_.Mean(incumbent, position) -
         costs_.beliefs()[incumbent].mean;
}

TrialValuer::Difference TrialValuer::Reveal(size_t size, size_t incumbent, const LogBelief& epoch_cost) const {
  const std::span<const double> weights = epochs_.live_weights();
  double difference = 0;
  double difference_square = 0;
  double cost = 0;
  double cost_square = 0;
  double product = 0;
  for (size_t k = 0; k < weights.size(); ++k) {
    const double own = epochs_.Mean(size, k) + epoch_cost.mean;
    const double off = Off(size, incumbent, epoch_cost, k);
    difference += weights[k] * off;
    difference_square += weights[k] * off * off;
    cost += weights[k] * own;
    cost_square += weights[k] * own * own;
    product += weights[k] * own * off;
  }
  const double optimism = settings_.optimism;
  const double level = epochs_.level_variance();
  const double rest = 1 - epochs_.trust(size);
  const double incumbent_rest = 1 - epochs_.trust(incumbent);
  const double variance = epochs_.Variance(size) + epoch_cost.variance;
  const double within = optimism * (epochs_.own_variance(size) + epochs_.own_variance(incumbent) +
                                    (rest - incumbent_rest) * (rest - incumbent_rest) * level + epoch_cost.variance);
  const double total = std::max(0.0, difference_square - difference * difference) + within;
  // How much of what is uncertain about the difference a run here would reveal. Without it a known second best is tried
  // for what is uncertain about the incumbent.
  const double seen = std::max(0.0, cost_square - cost * cost) + optimism * variance + epochs_.noise_variance(size);
  const double common = product - difference * cost + optimism * (variance - rest * incumbent_rest * level);
  const double revealed = total > 0 && seen > 0 ? std::clamp(common * common / (total * seen), 0.0, 1.0) : 0;
  return {.mean = difference, .shrink = std::sqrt(revealed), .deviation = std::sqrt(revealed * within)};
}

double TrialValuer::Gain(size_t size, const TrialContext& context, const LogBelief& epoch_cost) const {
  const std::span<const double> weights = epochs_.live_weights();
  const Difference difference = Reveal(size, context.incumbent, epoch_cost);
  // A run takes an epoch at least: no more is saved than one of these saves.
  const double most =
      length_ == RunLength::kWholeEpochs
          ? ShortOfOne(epoch_cost.mean - std::log(context.incumbent_cost), std::sqrt(epoch_cost.variance)).mean
          : std::numeric_limits<double>::infinity();
  double saving = 0;
  for (size_t k = 0; k < weights.size(); ++k) {
    const double off = Off(size, context.incumbent, epoch_cost, k);
    const double mean = difference.mean + difference.shrink * (off - difference.mean);
    saving += weights[k] * std::min(most, ShortOfOne(mean, difference.deviation).mean);
  }
  return context.incumbent_cost * saving;
}

TrialValuer::Price TrialValuer::PriceOf(size_t size, const TrialContext& context, const LogBelief& epoch_cost,
                                        double cap) const {
  const std::span<const double> weights = epochs_.live_weights();
  const double noise = std::sqrt(epochs_.Variance(size) + epoch_cost.variance + epochs_.noise_variance(size));
  const double epoch = std::exp(epoch_cost.mean);
  const double most = std::min(cap, context.max_epochs * epoch);
  const double log_most = std::log(most);
  Price price{.paid = most, .stopped = 1};
  for (size_t k = 0; k < weights.size(); ++k) {
    const Shortfall shortfall = ShortOfOne(epochs_.Mean(size, k) + epoch_cost.mean - log_most, noise);
    price.paid -= weights[k] * most * shortfall.mean;
    price.stopped -= weights[k] * shortfall.chance;
  }
  if (length_ == RunLength::kWholeEpochs) price.paid = std::max(price.paid, std::min(epoch, most));
  price.paid += context.wall_chance * (most - price.paid);
  price.stopped += context.wall_chance * (1 - price.stopped);
  return price;
}

TrialValue TrialValuer::Value(size_t size, const TrialContext& context) const {
  return Value(size, context, costs_.beliefs()[size], Moment::kBefore);
}

TrialValue TrialValuer::Value(size_t size, const TrialContext& context, const LogBelief& epoch_cost,
                              Moment moment) const {
  TrialValue value{.gain = Gain(size, context, epoch_cost),
                   .price = PriceOf(size, context, epoch_cost, context.cap).Beyond(context.incumbent_cost),
                   .cap = context.cap};
  // A run of few epochs goes on after its first. Where it may take many, it is cheaper to let the incumbent end the
  // recurrence once the run can save nothing any more.
  if (moment == Moment::kBefore && MayStopSooner(context, epoch_cost)) {
    const double sooner = PriceOf(size, context, epoch_cost, context.incumbent_cost).Beyond(context.incumbent_cost);
    if (sooner < value.price) {
      value.price = sooner;
      value.cap = context.incumbent_cost;
    }
  }
  const double epoch = std::exp(epoch_cost.mean);
  if (moment == Moment::kAfterProfile) {
    value.price -= epoch;
  } else if (!costs_.known(size)) {
    value.price += context.profile_overhead * epoch;
  }
  const double gain = value.gain * (1 - context.wall_chance);
  // Before a size's first run, or its first since a drift, the curve may be further off than it believes.
  const double left = epochs_.runs(size) == 0 ? context.recurrences_left_for_first : context.recurrences_left;
  value.score = (left - 1) * gain - value.price;
  // What waits is not lost, and sizes far away tell about those between: what saves most comes first.
  value.rank = settings_.eagerness * left * gain - value.price;
  return value;
}

std::optional<TrialValue> TrialValuer::ValueOfFewerEpochs(size_t size, const TrialContext& context) const {
  const LogBelief& belief = costs_.beliefs()[size];
  if (length_ == RunLength::kAnyNumber || epochs_.runs(size) == 0 || context.wall_chance > 0) return std::nullopt;
  if (context.recurrences_seen < settings_.fewer_from) return std::nullopt;
  if (belief.mean < costs_.beliefs()[context.incumbent].mean + std::log(settings_.fewer_dearer)) return std::nullopt;
  const double epoch = std::exp(belief.mean);
  const double even = context.incumbent_cost / epoch;
  const double enough = std::ceil(even) - 1;
  if (even > settings_.fewer_up_to || enough < 1) return std::nullopt;
  const EpochCounts counts = CountEpochs(epochs_.log_epochs(size), enough);
  const double share = counts.more / (counts.few + counts.more);
  TrialValue value{.gain = epoch * SavingOfFewerEpochs(counts, even - enough, settings_.fewer_prior),
                   .price = std::max(0.0, epoch * (enough + share * counts.excess) - context.incumbent_cost),
                   .cap = context.cap};
  value.score = context.recurrences_seen * value.gain - value.price;
  value.rank = value.score;
  return value;
}

bool TrialValuer::IsOfFewEpochs(const TrialContext& context, const LogBelief& epoch_cost) const {
  return length_ == RunLength::kWholeEpochs &&
         settings_.few_epochs * std::exp(epoch_cost.mean) >= context.incumbent_cost;
}

// No limit on the cost means none here, too.
bool TrialValuer::MayStopSooner(const TrialContext& context, const LogBelief& epoch_cost) const {
  return std::isfinite(context.cap) && context.incumbent_cost < context.cap && IsOfFewEpochs(context, epoch_cost);
}

double TrialValuer::EpochCostLimit(size_t size, const TrialContext& context) const {
  const LogBelief& belief = costs_.beliefs()[size];
  // Where a run is of few epochs, the first is much of its price, and little more tells how many it takes.
  if (IsOfFewEpochs(context, belief)) return std::numeric_limits<double>::infinity();
  const auto worth = [&](double log) {
    // A second epoch would exceed the cap: there is nothing to go on for.
    if (2 * std::exp(log) > context.cap) return false;
    return Value(size, context, {.mean = log, .variance = 0}, Moment::kAfterProfile).score > 0;
  };
  constexpr double kWidest = 1;
  const double reach = 4 * std::sqrt(belief.variance) + kWidest;
  double low = belief.mean - reach;
  double high = belief.mean + reach;
  if (worth(high)) return std::numeric_limits<double>::infinity();
  constexpr int kHalvings = 14;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (worth(middle) ? low : high) = middle;
  }
  return std::exp(low);
}

}  // namespace zeus::knowledge_gradient
