#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zeus/base/numpy_generator.h"
#include "zeus/optimizer/batch_size/arm_rewards.h"

namespace zeus {

/// A normal distribution by its mean and precision (1 / variance). Precision 0 knows nothing, infinity is certain.
struct GaussianBelief {
  double mean = 0;
  double precision = 0;

  bool operator==(const GaussianBelief&) const = default;
};

/// The belief about an arm's mean reward after `rewards`, whose noise has a known precision.
/// Source: conjugate normal updating, Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007,
/// section 2.
GaussianBelief Posterior(const GaussianBelief& prior, double reward_precision, const ArmRewards::Statistics& rewards);

struct BanditOptions {
  GaussianBelief prior;
  size_t num_exploration = 2;  ///< Arms with fewer observations than this come first.
  /// Precision of the reward noise; absent: learned for each arm as 1 / variance of its rewards.
  std::optional<double> reward_precision = {};
};

/// A multi-armed bandit: Gaussian rewards, one belief an arm, Thompson sampling. Arms are named by batch size.
/// Source: Zeus (NSDI'23), section 4.3, algorithm 1 and 2.
class GaussianThompsonSampling {
 public:
  struct Arm {
    int64_t batch_size = 0;
    ArmRewards rewards;
  };

  /// Fits every arm to the rewards it comes with. Precondition: at least one arm.
  GaussianThompsonSampling(std::vector<Arm> arms, const BanditOptions& options, const NumpyGenerator& generator);

  /// The arm to pull: a random one that was observed too rarely, or the one whose sampled mean is largest.
  int64_t Predict();

  /// Adds a reward and refits its arm from the prior. False, and nothing changes, when there is no such arm.
  bool Observe(int64_t batch_size, double reward);

  [[nodiscard]] const std::vector<Arm>& arms() const { return arms_; }
  [[nodiscard]] std::span<const GaussianBelief> beliefs() const { return beliefs_; }  ///< In the order of arms().
  [[nodiscard]] const NumpyGenerator& generator() const { return generator_; }

 private:
  void Fit(size_t arm);

  BanditOptions options_;
  std::vector<Arm> arms_;
  std::vector<GaussianBelief> beliefs_;
  std::vector<double> deviations_;     // 1 / sqrt(precision), kept beside the beliefs because every draw needs it.
  std::vector<uint64_t> permutation_;  // Scratch of Predict.
  size_t rarely_observed_ = 0;         // How many arms still have fewer than num_exploration observations.
  NumpyGenerator generator_;
};

}  // namespace zeus
