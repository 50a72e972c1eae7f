#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zeus/optimizer/batch_size/knowledge_gradient/curve_family.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/fall_explanation.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/log_belief.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/settings.h"

namespace zeus::knowledge_gradient {

/// How many epochs each batch size takes to the target: ln(epochs) = level + curve(b) + deviation(b) + noise.
///
/// The curve is one of a family. The posterior is a weight for each curve, and Gaussian given it. Exact for this model
/// given the variances of deviations and noise, which are estimated. O(curves * sizes) for each update.
class EpochsBelief {
 public:
  EpochsBelief(std::span<const int64_t> batch_sizes, int64_t default_batch_size, const Settings& settings);

  /// From now on costs stand for epochs: they are not whole numbers.
  void TakeCosts() { settings_.rounding = 0; }
  /// ln(epochs) of a run that reached the target, or what was made of one that was stopped.
  void Add(size_t size, double log_epochs, bool reached);
  /// A run that was stopped after so many epochs: the mean of what lies beyond is added. `late`: when it might have met
  /// a wall; one that was stopped as soon as it could save nothing any more tells of none.
  void AddStopped(size_t size, double epochs, bool late);
  /// Forgets all runs, but remembers what they came to, `shift` higher and less sure of it: a size's next run counts
  /// alone again.
  void ForgetRuns(double shift);

  [[nodiscard]] size_t sizes() const { return sizes_.size(); }
  [[nodiscard]] size_t curves() const { return curves_.size(); }
  [[nodiscard]] int64_t runs(size_t size) const { return static_cast<int64_t>(sizes_[size].values.size()); }
  /// ln(epochs) of those runs.
  [[nodiscard]] std::span<const double> log_epochs(size_t size) const { return sizes_[size].values; }
  [[nodiscard]] int64_t reached(size_t size) const { return sizes_[size].reached; }
  [[nodiscard]] int64_t stopped_late(size_t size) const { return sizes_[size].stopped_late; }

  /// Curves whose weight matters, and those weights; they add up to 1.
  [[nodiscard]] std::span<const size_t> live() const { return live_; }
  [[nodiscard]] std::span<const double> live_weights() const { return live_weights_; }
  /// Mean of ln(epochs) at a size under a live curve, by its position in live().
  [[nodiscard]] double Mean(size_t size, size_t position) const { return means_[size * weights_.size() + position]; }
  /// Variance of that mean: of the size's own deviation, and of the common level.
  [[nodiscard]] double own_variance(size_t size) const { return deviation_ * (1 - sizes_[size].trust); }
  [[nodiscard]] double level_variance() const { return level_variance_; }
  /// How much a size's own runs count against the curve, 0 to 1.
  [[nodiscard]] double trust(size_t size) const { return sizes_[size].trust; }
  [[nodiscard]] double Variance(size_t size) const {
    const double rest = 1 - trust(size);
    return own_variance(size) + rest * rest * level_variance_;
  }
  /// Of one run about its size's mean: over all sizes, of those that reached, and at one of them.
  [[nodiscard]] double noise_variance() const { return noise_; }
  [[nodiscard]] double noise_variance(size_t size) const { return sizes_[size].noise; }
  /// Whether runs are noisy: 0 where they are not, 1 where they are very much so.
  [[nodiscard]] double Noisiness() const;

  /// Over all curves; a run's noise comes on top.
  [[nodiscard]] LogBelief Predict(size_t size) const;

 private:
  /// What a size that was not run since the last shift came to before it, and what that tells of now.
  struct Memory {
    LogBelief before;
    LogBelief now;
  };
  struct Size {
    std::vector<double> values;      ///< ln(epochs) of its runs.
    std::vector<double> stopped_at;  ///< ln(epochs) at which runs were stopped, while none reached.
    std::optional<Memory> memory;
    int64_t reached = 0;
    int64_t stopped_late = 0;
    double log_mean = 0;         ///< ln of the mean number of epochs.
    double mean = 0;             ///< Of `values`.
    double squares = 0;          ///< About that mean.
    double reached_mean = 0;     ///< Likewise of those that reached.
    double reached_squares = 0;  ///< About that mean.
    double noise = 0;
    double variance = 0;  ///< Of log_mean about the curve.
    double trust = 0;
    bool fitted = false;  ///< Whether the curve is fitted to it.
  };

  /// Whether the curve is fitted to a size's runs.
  [[nodiscard]] bool Fits(const Size& size) const;
  void AddWalls();
  void ExplainFall();
  void Summarize(Size* size) const;
  void Update();
  void UpdateDeviation();
  void UpdateLive();
  void UpdateMeans();
  void UpdateNoise();
  void UpdateTrust();
  void UpdateWeights();

  Settings settings_;
  double deviation_;  ///< Squared; learned.
  size_t default_size_ = 0;
  CurveFamily curves_;
  std::vector<Size> sizes_;
  std::optional<FallExplanation> fall_;  ///< If the last shift was one to fewer epochs.
  std::vector<double> prior_;            ///< ln of the curves' weights before any run.
  std::vector<double> weights_;
  std::vector<double> levels_;
  double level_variance_ = 0;
  double noise_ = 0;  ///< Variance of a run that reached about its size's mean, over all sizes.
  std::vector<size_t> live_;
  std::vector<double> live_weights_;
  std::vector<double> means_;
};

}  // namespace zeus::knowledge_gradient
