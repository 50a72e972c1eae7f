#include "zeus/optimizer/batch_size/knowledge_gradient/shift_detector.h"

#include <algorithm>

namespace zeus::knowledge_gradient {
namespace {

constexpr double kMostDeviations = 4;  // One strange run is no drift.

}  // namespace

bool ShiftDetector::Add(double deviations) {
  const double off = std::clamp(deviations, -kMostDeviations, kMostDeviations);
  above_ = std::max(0.0, above_ + off - slack_);
  below_ = std::max(0.0, below_ - off - slack_);
  runs_above_ = above_ > 0 ? runs_above_ + 1 : 0;
  runs_below_ = below_ > 0 ? runs_below_ + 1 : 0;
  return std::max(above_, below_) > limit_;
}

}  // namespace zeus::knowledge_gradient
