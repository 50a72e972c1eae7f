#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace zeus {

/// A mean over independent samples, and how far the true mean may lie from it.
struct Interval {
  double mean = 0;
  /// Half width of the 95% confidence interval, by Student's t; absent for fewer than two samples.
  std::optional<double> half_width;
};

/// Precondition: at least one sample.
Interval MeanWithConfidence(std::span<const double> samples);

}  // namespace zeus
