#include "zeus/optimizer/batch_size/knowledge_gradient/normal.h"

namespace zeus::knowledge_gradient {

double NormalCdf(double z) {
  const double x = std::abs(z);
  if (x > 37) return z > 0 ? 1 : 0;
  const double density = std::exp(-0.5 * x * x);
  double tail;
  if (x < 7.07106781186547) {
    double top = 3.52624965998911e-02 * x + 0.700383064443688;
    top = top * x + 6.37396220353165;
    top = top * x + 33.912866078383;
    top = top * x + 112.079291497871;
    top = top * x + 221.213596169931;
    top = top * x + 220.206867912376;
    double bottom = 8.83883476483184e-02 * x + 1.75566716318264;
    bottom = bottom * x + 16.064177579207;
    bottom = bottom * x + 86.7807322029461;
    bottom = bottom * x + 296.564248779674;
    bottom = bottom * x + 637.333633378831;
    bottom = bottom * x + 793.826512519948;
    bottom = bottom * x + 440.413735824752;
    tail = density * top / bottom;
  } else {
    tail = density / (2.506628274631 * (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))));
  }
  return z > 0 ? 1 - tail : tail;
}

double NormalMeanAbove(double z) {
  // Far out both numbers of the quotient vanish; there the mean is close by.
  if (z >= 6) return z + 1 / z;
  return NormalDensity(z) / NormalCdf(-z);
}

}  // namespace zeus::knowledge_gradient
