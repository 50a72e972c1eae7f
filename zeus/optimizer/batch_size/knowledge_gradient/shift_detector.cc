#include "zeus/optimizer/batch_size/knowledge_gradient/shift_detector.h"

#include <algorithm>

namespace zeus::knowledge_gradient {
namespace {

constexpr double kMostDeviations = 4;  // One strange run is no drift.
constexpr double kLikely = 2;          // When a drift began is known to within so many standard deviations.

}  // namespace

bool ShiftDetector::Add(double deviations) {
  latest_.push_back(deviations);
  if (latest_.size() > kMostRuns) latest_.erase(latest_.begin());
  const double off = std::clamp(deviations, -kMostDeviations, kMostDeviations);
  above_ = std::max(0.0, above_ + off - slack_);
  below_ = std::max(0.0, below_ - off - slack_);
  runs_above_ = above_ > 0 ? runs_above_ + 1 : 0;
  runs_below_ = below_ > 0 ? runs_below_ + 1 : 0;
  return std::max(above_, below_) > limit_;
}

// A run that was off by chance just before the drift adds to the sum, too. The last n runs are off by sum^2 / n more
// than if they were not: twice the logarithm of a likelihood ratio, by which the beginnings of the drift are compared.
size_t ShiftDetector::runs() const {
  const auto since = static_cast<size_t>(above_ > below_ ? runs_above_ : runs_below_);
  std::vector<double> ratios;
  double sum = 0;
  for (size_t n = 1; n <= std::min(since, latest_.size()); ++n) {
    sum += latest_[latest_.size() - n];
    ratios.push_back(sum * sum / static_cast<double>(n));
  }
  if (ratios.empty()) return 0;
  const double likely = *std::ranges::max_element(ratios) - kLikely * kLikely;
  const auto earliest = std::find_if(ratios.rbegin(), ratios.rend(), [&](double ratio) { return ratio >= likely; });
  return static_cast<size_t>(ratios.rend() - earliest);
}

}  // namespace zeus::knowledge_gradient
