#include "zeus/optimizer/batch_size/knowledge_gradient/normal.h"

#include <array>
#include <cstddef>

namespace zeus::knowledge_gradient {
namespace {

template <size_t kTerms>
double Polynomial(const std::array<double, kTerms>& coefficients, double x) {
  double value = 0;
  for (const double each : coefficients) value = value * x + each;
  return value;
}

// The chance of more than x >= 0 standard deviations, over exp(-x^2 / 2).
double ScaledTail(double x) {
  if (x >= 7.07106781186547) return 1 / (2.506628274631 * (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))));
  constexpr std::array<double, 7> kTop = {3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383,
                                          112.079291497871,     221.213596169931,  220.206867912376};
  constexpr std::array<double, 8> kBottom = {8.83883476483184e-02, 1.75566716318264, 16.064177579207,
                                             86.7807322029461,     296.564248779674, 637.333633378831,
                                             793.826512519948,     440.413735824752};
  return Polynomial(kTop, x) / Polynomial(kBottom, x);
}

}  // namespace

double NormalCdf(double z) {
  const double x = std::abs(z);
  if (x > 37) return z > 0 ? 1 : 0;
  const double tail = std::exp(-0.5 * x * x) * ScaledTail(x);
  return z > 0 ? 1 - tail : tail;
}

double NormalMeanAbove(double z) {
  // Far out both numbers of the quotient vanish; there the mean is close by.
  if (z >= 6) return z + 1 / z;
  return NormalDensity(z) / NormalCdf(-z);
}

// E[max(0, 1 - exp(X))] = cdf(z) - E[exp(X)] cdf(z - deviation) with z = -mean / deviation, and E[exp(X)] times the
// density at z - deviation is the density at z: one exponential serves both tails.
Shortfall ShortOfOne(double mean, double deviation) {
  constexpr double kFar = 6;
  if (mean >= kFar * deviation) return {};
  const auto whole = [&] { return std::exp(mean + 0.5 * deviation * deviation); };
  if (mean < -kFar * deviation) return {.chance = 1, .mean = 1 - whole()};
  const double z = -mean / deviation;
  const double scale = std::exp(-0.5 * z * z);
  const double tail = scale * ScaledTail(std::abs(z));
  const double chance = z > 0 ? 1 - tail : tail;
  const double other_tail = scale * ScaledTail(std::abs(z - deviation));
  return {.chance = chance, .mean = chance - (z > deviation ? whole() - other_tail : other_tail)};
}

}  // namespace zeus::knowledge_gradient
