#include "zeus/optimizer/batch_size/knowledge_gradient/epoch_costs.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace zeus::knowledge_gradient {

EpochCosts::EpochCosts(std::span<const int64_t> batch_sizes, int64_t default_batch_size, double drift)
    : drift_(drift), known_(batch_sizes.size()), beliefs_(batch_sizes.size()) {
  for (const int64_t batch_size : batch_sizes) octaves_.push_back(std::log2(static_cast<double>(batch_size)));
  for (size_t curve = 0; curve < kCurves; ++curve) {
    const double weight = curve == 0 ? 0 : std::exp2(static_cast<double>(curve) - 7);
    for (const int64_t batch_size : batch_sizes) {
      const double relative = static_cast<double>(batch_size) / static_cast<double>(default_batch_size);
      curves_.push_back(std::log1p(weight / relative));
    }
  }
}

void EpochCosts::Set(size_t size, double cost) {
  const double value = std::log(cost);
  if (known_[size] == value) return;
  known_[size] = value;
  Update();
}

std::optional<double> EpochCosts::cost(size_t size) const {
  if (!known_[size]) return std::nullopt;
  return std::exp(*known_[size]);
}

LogBelief EpochCosts::Extrapolate(size_t size, size_t curve, std::span<const size_t> known) const {
  const double* const shape = &curves_[curve * octaves_.size()];
  const auto above = std::ranges::lower_bound(known, size);
  const double rate = drift_ * drift_;
  if (above == known.begin() || above == known.end()) {
    const size_t nearest = above == known.begin() ? known.front() : known.back();
    return {.mean = *known_[nearest] + shape[size] - shape[nearest],
            .variance = rate * std::abs(octaves_[size] - octaves_[nearest])};
  }
  const size_t left = *(above - 1);
  const size_t right = *above;
  const double from_left = octaves_[size] - octaves_[left];
  const double to_right = octaves_[right] - octaves_[size];
  const double span = from_left + to_right;
  return {.mean = shape[size] +
                  ((*known_[left] - shape[left]) * to_right + (*known_[right] - shape[right]) * from_left) / span,
          .variance = rate * from_left * to_right / span};
}

void EpochCosts::Update() {
  std::vector<size_t> known;
  for (size_t i = 0; i < known_.size(); ++i) {
    if (known_[i]) known.push_back(i);
  }
  std::array<double, kCurves> weights{};
  for (size_t curve = 0; curve < kCurves; ++curve) {
    const double* const shape = &curves_[curve * octaves_.size()];
    for (size_t i = 1; i < known.size(); ++i) {
      const size_t a = known[i - 1];
      const size_t b = known[i];
      const double off = (*known_[b] - *known_[a]) - (shape[b] - shape[a]);
      weights[curve] -= 0.5 * off * off / (drift_ * drift_ * (octaves_[b] - octaves_[a]));
    }
  }
  const double best = *std::ranges::max_element(weights);
  double total = 0;
  for (double& weight : weights) total += weight = std::exp(weight - best);
  for (size_t i = 0; i < known_.size(); ++i) {
    if (known_[i]) {
      beliefs_[i] = {.mean = *known_[i], .variance = 0};
      continue;
    }
    double mean = 0;
    double square = 0;
    double variance = 0;
    for (size_t curve = 0; curve < kCurves; ++curve) {
      const LogBelief belief = Extrapolate(i, curve, known);
      const double weight = weights[curve] / total;
      mean += weight * belief.mean;
      square += weight * belief.mean * belief.mean;
      variance += weight * belief.variance;
    }
    beliefs_[i] = {.mean = mean, .variance = variance + std::max(0.0, square - mean * mean)};
  }
}

}  // namespace zeus::knowledge_gradient
