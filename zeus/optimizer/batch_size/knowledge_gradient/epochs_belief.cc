#include "zeus/optimizer/batch_size/knowledge_gradient/epochs_belief.h"

#include <algorithm>
#include <cmath>

#include "zeus/optimizer/batch_size/knowledge_gradient/normal.h"

namespace zeus::knowledge_gradient {
namespace {

constexpr double kNegligible = 1e-4;    // Curves of less weight than this against the best do not change a decision.
constexpr double kLeastStopped = 0.1;   // A stopped run would have taken longer by this at least.
constexpr double kUnknownVariance = 4;  // Of the level, while no run has told it.

}  // namespace

EpochsBelief::EpochsBelief(std::span<const int64_t> batch_sizes, int64_t default_batch_size, const Settings& settings)
    : settings_(settings),
      deviation_(settings.deviation * settings.deviation),
      default_size_(static_cast<size_t>(std::ranges::find(batch_sizes, default_batch_size) - batch_sizes.begin())),
      curves_(batch_sizes, default_batch_size),
      sizes_(batch_sizes.size()),
      weights_(curves_.size()),
      levels_(curves_.size()),
      means_(curves_.size() * batch_sizes.size()) {
  for (size_t m = 0; m < curves_.size(); ++m) {
    prior_.push_back(curves_.rises_at_small_batches(m) ? 0 : std::log(settings.no_smallest));
  }
  Update();
}

void EpochsBelief::Summarize(Size* size) const {
  const auto count = static_cast<double>(size->values.size());
  double sum = 0;
  double epochs = 0;
  for (const double value : size->values) {
    sum += value;
    epochs += std::exp(value);
  }
  size->mean = sum / count;
  size->log_mean = std::log(epochs / count);
  size->squares = 0;
  for (const double value : size->values) size->squares += (value - size->mean) * (value - size->mean);
}

void EpochsBelief::Add(size_t size, double log_epochs, bool reached) {
  Size& its = sizes_[size];
  its.values.push_back(log_epochs);
  if (reached) {
    ++its.reached;
    const double off = log_epochs - its.reached_mean;
    its.reached_mean += off / static_cast<double>(its.reached);
    its.reached_squares += off * (log_epochs - its.reached_mean);
  }
  Summarize(&its);
  Update();
}

void EpochsBelief::AddStopped(size_t size, double epochs, bool late) {
  const LogBelief predicted = Predict(size);
  const double spread = std::sqrt(predicted.variance + noise_variance(size));
  const double stopped = std::log(std::max(epochs, 0.5));
  const double beyond = predicted.mean + spread * NormalMeanAbove((stopped - predicted.mean) / spread);
  sizes_[size].stopped_at.push_back(stopped);
  sizes_[size].stopped_late += late ? 1 : 0;
  Add(size, std::max(beyond, stopped + kLeastStopped), false);
}

void EpochsBelief::ForgetRuns(double shift) {
  const bool fell = shift <= 0;
  fall_.reset();
  if (fell) fall_.emplace(curves_, live_, live_weights_, sizes_.size(), settings_);
  const double rise = std::max(settings_.least_memory, settings_.memory_after_rise * shift);
  for (Size& size : sizes_) {
    std::optional<LogBelief> known;
    if (size.memory) known = size.memory->now;
    if (Fits(size)) known = {size.log_mean, size.noise / static_cast<double>(size.values.size())};
    size = {};
    if (!known) continue;
    // Where runs take more epochs, another size may have become the best.
    const double variance =
        fell ? known->variance + settings_.memory_after_fall * settings_.memory_after_fall : rise * rise;
    size.memory = Memory{.before = *known, .now = {known->mean + shift, variance}};
  }
  Update();
}

void EpochsBelief::ExplainFall() {
  const double unsure = settings_.memory_after_fall * settings_.memory_after_fall;
  std::vector<FallExplanation::Seen> seen;
  for (size_t i = 0; i < sizes_.size(); ++i) {
    const Size& size = sizes_[i];
    if (!size.memory || !Fits(size)) continue;
    const double noise = size.noise / static_cast<double>(size.values.size());
    seen.push_back({.size = i,
                    .change = size.log_mean - size.memory->before.mean,
                    .variance = size.memory->before.variance + noise + unsure});
  }
  if (seen.empty()) return;
  const std::vector<LogBelief> changes = fall_->Explain(seen);
  for (size_t i = 0; i < sizes_.size(); ++i) {
    if (!sizes_[i].memory) continue;
    const LogBelief& before = sizes_[i].memory->before;
    sizes_[i].memory->now = {before.mean + changes[i].mean, before.variance + changes[i].variance + unsure};
  }
}

bool EpochsBelief::Fits(const Size& size) const {
  return size.reached > 0;
}

LogBelief EpochsBelief::Predict(size_t size) const {
  LogBelief predicted;
  double square = 0;
  for (size_t k = 0; k < live_.size(); ++k) {
    const double mean = Mean(size, k);
    predicted.mean += live_weights_[k] * mean;
    square += live_weights_[k] * mean * mean;
  }
  predicted.variance = std::max(0.0, square - predicted.mean * predicted.mean) + Variance(size);
  return predicted;
}

void EpochsBelief::UpdateNoise() {
  const double prior = settings_.noise * settings_.noise;
  const double least = settings_.least_noise * settings_.least_noise;
  double squares = settings_.noise_weight * prior;
  double weight = settings_.noise_weight;
  for (const Size& size : sizes_) {
    if (size.reached == 0) continue;
    squares += size.reached_squares;
    weight += static_cast<double>(size.reached - 1);
  }
  noise_ = std::max(squares / weight, least);
  const Size& default_size = sizes_[default_size_];
  for (Size& size : sizes_) {
    const auto count = static_cast<double>(size.values.size());
    const double rounding = settings_.rounding * std::exp(-(size.values.empty() ? default_size.mean : size.mean));
    const double expected = std::max(noise_, rounding * rounding);
    size.noise = std::max((settings_.size_noise_weight * expected + size.squares) /
                              (settings_.size_noise_weight + std::max(count - 1, 0.0)),
                          least);
  }
}

double EpochsBelief::Noisiness() const {
  constexpr double kSteepness = 12;
  return 1 / (1 + std::pow(settings_.noisy * settings_.noisy / noise_, kSteepness));
}

void EpochsBelief::UpdateTrust() {
  for (Size& size : sizes_) {
    const auto count = static_cast<double>(size.values.size());
    size.fitted = Fits(size);
    if (size.fitted) {
      size.variance = deviation_ + size.noise / count;
    } else if (size.memory && size.values.empty()) {
      size.fitted = true;
      size.log_mean = size.memory->now.mean;
      size.variance = deviation_ + size.memory->now.variance;
    }
    size.trust = size.fitted ? deviation_ / size.variance : 0;
    // A size that only failed is judged by its failures, but the curve is not bent to them: there may be a wall.
    if (!size.fitted && count > 0) size.trust = deviation_ / (deviation_ + size.noise / count);
  }
}

void EpochsBelief::UpdateWeights() {
  double precision = 0;
  std::ranges::fill(levels_, 0);
  weights_ = prior_;
  const size_t curves = weights_.size();
  // Precise runs tell where the valley is. From noisy ones it takes long, if at first it is believed to be elsewhere.
  const double noisiness = Noisiness();
  const double small_critical = std::log(settings_.small_critical + (1 - settings_.small_critical) * noisiness);
  for (size_t m = 0; m < curves; ++m) {
    if (curves_.has_small_critical_size(m)) weights_[m] += small_critical;
  }
  for (size_t i = 0; i < sizes_.size(); ++i) {
    if (!sizes_[i].fitted) continue;
    const double weight = 1 / sizes_[i].variance;
    precision += weight;
    const std::span<const double> curve = curves_.At(i);
    for (size_t m = 0; m < curves; ++m) levels_[m] += weight * (sizes_[i].log_mean - curve[m]);
  }
  level_variance_ = precision > 0 ? 1 / precision : kUnknownVariance;
  for (double& level : levels_) level *= level_variance_;
  for (size_t i = 0; i < sizes_.size(); ++i) {
    if (!sizes_[i].fitted) continue;
    const double weight = -0.5 / sizes_[i].variance;
    const std::span<const double> curve = curves_.At(i);
    for (size_t m = 0; m < curves; ++m) {
      const double off = sizes_[i].log_mean - curve[m] - levels_[m];
      weights_[m] += weight * off * off;
    }
  }
  AddWalls();
}

// A size that only ever failed tells that its runs take longer, or that there is a wall, of which the curve is
// ignorant.
void EpochsBelief::AddWalls() {
  const size_t curves = weights_.size();
  for (size_t i = 0; i < sizes_.size(); ++i) {
    const Size& size = sizes_[i];
    if (size.reached > 0) continue;
    const double spread = std::sqrt(deviation_ + level_variance_ + size.noise);
    for (const double stopped : size.stopped_at) {
      for (size_t m = 0; m < curves; ++m) {
        const double longer = NormalCdf((levels_[m] + curves_.At(i)[m] - stopped) / spread);
        weights_[m] += std::log(settings_.wall_chance + (1 - settings_.wall_chance) * longer);
      }
    }
  }
}

// One step of expectation and maximization: the squares of the deviations as they are believed now, averaged with what
// was expected of them. The level takes one of them to fit.
void EpochsBelief::UpdateDeviation() {
  double fitted = 0;
  double squares = 0;
  for (size_t i = 0; i < sizes_.size(); ++i) {
    const Size& size = sizes_[i];
    if (!size.fitted) continue;
    ++fitted;
    const std::span<const double> curve = curves_.At(i);
    double square = 0;
    for (size_t k = 0; k < live_.size(); ++k) {
      const size_t m = live_[k];
      const double off = size.log_mean - curve[m] - levels_[m];
      square += live_weights_[k] * off * off;
    }
    squares += size.trust * size.trust * square + deviation_ * (1 - size.trust);
  }
  if (fitted < 2) return;
  const double expected = settings_.deviation_weight * settings_.deviation * settings_.deviation;
  deviation_ = std::max((expected + squares) / (settings_.deviation_weight + fitted - 1),
                        settings_.least_deviation * settings_.least_deviation);
}

void EpochsBelief::Update() {
  deviation_ = settings_.deviation * settings_.deviation;
  UpdateNoise();
  if (fall_) ExplainFall();
  UpdateTrust();
  UpdateWeights();
  UpdateLive();
  UpdateDeviation();
  UpdateTrust();
  UpdateWeights();
  UpdateLive();
  UpdateMeans();
}

void EpochsBelief::UpdateLive() {
  const double best = *std::ranges::max_element(weights_);
  live_.clear();
  live_weights_.clear();
  double total = 0;
  for (size_t m = 0; m < weights_.size(); ++m) {
    const double weight = std::exp(weights_[m] - best);
    if (weight < kNegligible) continue;
    live_.push_back(m);
    live_weights_.push_back(weight);
    total += weight;
  }
  for (double& weight : live_weights_) weight /= total;
}

void EpochsBelief::UpdateMeans() {
  for (size_t i = 0; i < sizes_.size(); ++i) {
    const std::span<const double> curve = curves_.At(i);
    double* const mean = &means_[i * weights_.size()];
    const double own = sizes_[i].trust * sizes_[i].log_mean;
    const double rest = 1 - sizes_[i].trust;
    for (size_t k = 0; k < live_.size(); ++k) mean[k] = own + rest * (levels_[live_[k]] + curve[live_[k]]);
  }
}

}  // namespace zeus::knowledge_gradient
