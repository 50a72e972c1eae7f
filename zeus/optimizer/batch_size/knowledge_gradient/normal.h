#pragma once

#include <cmath>

/// The standard normal distribution, fast: a decision asks for thousands of its values.
namespace zeus::knowledge_gradient {

inline double NormalDensity(double z) {
  return 0.3989422804014327 * std::exp(-0.5 * z * z);
}

/// Absolute error below 1e-14. Source: algorithm 5666 in West, "Better approximations to cumulative
/// normal functions" (2005).
double NormalCdf(double z);

/// What a standard normal variable is on average, given that it is above `z`.
double NormalMeanAbove(double z);

}  // namespace zeus::knowledge_gradient
