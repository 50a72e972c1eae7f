#include "zeus/optimizer/batch_size/knowledge_gradient/curve_family.h"

#include <cmath>

namespace zeus::knowledge_gradient {
namespace {

constexpr double kNoDecline = 1e9;  // A critical batch size that nobody comes to.
constexpr double kSmall = 0.25;     // One below it is small.

}  // namespace

CurveFamily::CurveFamily(std::span<const int64_t> batch_sizes, int64_t default_batch_size) {
  constexpr int kLowest = -5;
  constexpr int kHighest = 7;
  for (int critical = kLowest; critical <= kHighest; ++critical) {
    const double r = critical == kHighest ? kNoDecline : std::exp2(critical);
    curves_.push_back({.critical = r, .smallest = 0, .power = 1});
    for (int smallest = -8; smallest <= -1; ++smallest) {
      for (const int power : {1, 2}) {
        curves_.push_back({.critical = r, .smallest = std::exp2(smallest), .power = power});
      }
    }
  }
  for (const int64_t batch_size : batch_sizes) {
    const double relative = static_cast<double>(batch_size) / static_cast<double>(default_batch_size);
    relative_.push_back(relative);
    for (const Curve& curve : curves_) {
      values_.push_back(std::log(1 + relative / curve.critical + std::pow(curve.smallest / relative, curve.power)));
    }
  }
}

bool CurveFamily::has_critical_size(size_t curve) const {
  return curves_[curve].critical < kNoDecline;
}

bool CurveFamily::has_small_critical_size(size_t curve) const {
  return curves_[curve].critical < kSmall;
}

double CurveFamily::ChangeWithCriticalSize(size_t curve, size_t batch_size, double factor) const {
  const double share = relative_[batch_size] / curves_[curve].critical * std::exp(-At(batch_size)[curve]);
  return std::log1p(share * (1 / factor - 1));
}

}  // namespace zeus::knowledge_gradient
