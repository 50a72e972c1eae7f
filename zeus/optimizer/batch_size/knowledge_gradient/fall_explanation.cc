#include "zeus/optimizer/batch_size/knowledge_gradient/fall_explanation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zeus::knowledge_gradient {
namespace {

/// What all sizes have in common, given what was seen.
struct Level {
  double mean = 0;
  double variance = 0;
  double log_likelihood = 0;  ///< Up to what is the same for every hypothesis.
};

Level Fit(std::span<const FallExplanation::Seen> seen, std::span<const double> changes, double prior_variance) {
  double precision = 1 / prior_variance;
  double weighted = 0;
  double squares = 0;
  for (const FallExplanation::Seen& each : seen) {
    const double rest = each.change - changes[each.size];
    precision += 1 / each.variance;
    weighted += rest / each.variance;
    squares += rest * rest / each.variance;
  }
  return {.mean = weighted / precision,
          .variance = 1 / precision,
          .log_likelihood = -0.5 * (squares - weighted * weighted / precision + std::log(prior_variance * precision))};
}

}  // namespace

FallExplanation::FallExplanation(const CurveFamily& family, std::span<const size_t> curves,
                                 std::span<const double> weights, size_t sizes, const Settings& settings)
    : sizes_(sizes) {
  const double alike = settings.fall * settings.fall;
  const double besides = settings.fall_with_critical * settings.fall_with_critical;
  const double critical = std::log(settings.critical_chance);
  for (size_t k = 0; k < curves.size(); ++k) {
    const double log_weight = std::log(weights[k]);
    Add({.log_weight = log_weight, .level = alike}, family, curves[k], 1);
    if (!family.has_critical_size(curves[k])) continue;
    for (const double factor : {2.0, 4.0, 8.0}) {
      Add({.log_weight = log_weight + critical, .level = besides}, family, curves[k], factor);
    }
  }
}

void FallExplanation::Add(const Hypothesis& hypothesis, const CurveFamily& family, size_t curve, double factor) {
  hypotheses_.push_back(hypothesis);
  for (size_t i = 0; i < sizes_; ++i) changes_.push_back(family.ChangeWithCriticalSize(curve, i, factor));
}

std::vector<LogBelief> FallExplanation::Explain(std::span<const Seen> seen) const {
  std::vector<Level> levels;
  double most = -std::numeric_limits<double>::infinity();
  for (size_t h = 0; h < hypotheses_.size(); ++h) {
    levels.push_back(Fit(seen, changes(h), hypotheses_[h].level));
    levels.back().log_likelihood += hypotheses_[h].log_weight;
    most = std::max(most, levels.back().log_likelihood);
  }
  double total = 0;
  double variance = 0;
  std::vector<double> means(sizes_);
  std::vector<double> squares(sizes_);
  for (size_t h = 0; h < hypotheses_.size(); ++h) {
    const double weight = std::exp(levels[h].log_likelihood - most);
    total += weight;
    variance += weight * levels[h].variance;
    for (size_t i = 0; i < sizes_; ++i) {
      const double change = levels[h].mean + changes(h)[i];
      means[i] += weight * change;
      squares[i] += weight * change * change;
    }
  }
  std::vector<LogBelief> beliefs;
  for (size_t i = 0; i < sizes_; ++i) {
    const double mean = means[i] / total;
    beliefs.push_back({.mean = mean, .variance = (variance + std::max(0.0, squares[i] - total * mean * mean)) / total});
  }
  return beliefs;
}

}  // namespace zeus::knowledge_gradient
