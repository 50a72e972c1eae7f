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

/// How far exp(X) of a normal X falls short of 1.
struct Shortfall {
  double chance = 0;  ///< That it does: P(X < 0).
  double mean = 0;    ///< E[max(0, 1 - exp(X))].
};
/// What lies beyond 6 standard deviations counts as nothing. `deviation` may be 0.
Shortfall ShortOfOne(double mean, double deviation);

}  // namespace zeus::knowledge_gradient
