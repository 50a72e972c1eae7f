#include "zeus/optimizer/batch_size/gaussian_thompson_sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zeus {

GaussianBelief Posterior(const GaussianBelief& prior, double reward_precision, const ArmRewards::Statistics& rewards) {
  if (rewards.count == 0) return prior;
  if (std::isinf(reward_precision)) return {.mean = rewards.mean, .precision = reward_precision};
  const double precision = prior.precision + static_cast<double>(rewards.count) * reward_precision;
  if (precision == 0) return prior;
  return {.mean = (prior.precision * prior.mean + reward_precision * rewards.sum) / precision, .precision = precision};
}

GaussianThompsonSampling::GaussianThompsonSampling(std::vector<Arm> arms, const BanditOptions& options,
                                                   const NumpyGenerator& generator)
    : options_(options),
      arms_(std::move(arms)),
      beliefs_(arms_.size()),
      deviations_(arms_.size()),
      permutation_(arms_.size()),
      generator_(generator) {
  for (size_t arm = 0; arm < arms_.size(); ++arm) Fit(arm);
}

int64_t GaussianThompsonSampling::Predict() {
  // The permutation is drawn at every prediction, needed or not: the published stream of draws has it.
  generator_.ChooseWithoutReplacement(arms_.size(), permutation_);
  if (rarely_observed_ > 0) {
    const auto rare = std::ranges::find_if(
        permutation_, [&](uint64_t arm) { return arms_[arm].rewards.count() < options_.num_exploration; });
    return arms_[*rare].batch_size;
  }
  size_t best = 0;
  double best_sample = -std::numeric_limits<double>::infinity();
  for (size_t arm = 0; arm < arms_.size(); ++arm) {
    const double sample = generator_.Normal(beliefs_[arm].mean, deviations_[arm]);
    if (sample > best_sample) {
      best = arm;
      best_sample = sample;
    }
  }
  return arms_[best].batch_size;
}

bool GaussianThompsonSampling::Observe(int64_t batch_size, double reward) {
  const auto arm = std::ranges::lower_bound(arms_, batch_size, {}, &Arm::batch_size);
  if (arm == arms_.end() || arm->batch_size != batch_size) return false;
  arm->rewards.Add(reward);
  Fit(static_cast<size_t>(arm - arms_.begin()));
  return true;
}

void GaussianThompsonSampling::Fit(size_t arm) {
  const ArmRewards::Statistics rewards = arms_[arm].rewards.Compute();
  // A variance of 0 gives an infinite precision.
  const double reward_precision = options_.reward_precision.value_or(1 / rewards.variance);
  beliefs_[arm] = Posterior(options_.prior, reward_precision, rewards);
  deviations_[arm] = 1 / std::sqrt(beliefs_[arm].precision);
  rarely_observed_ = static_cast<size_t>(
      std::ranges::count_if(arms_, [&](const Arm& each) { return each.rewards.count() < options_.num_exploration; }));
}

}  // namespace zeus
