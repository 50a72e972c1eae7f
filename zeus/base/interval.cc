#include "zeus/base/interval.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "zeus/base/pairwise_sum.h"

namespace zeus {

Interval MeanWithConfidence(std::span<const double> samples) {
  const auto count = static_cast<double>(samples.size());
  Interval interval{.mean = PairwiseSum(samples) / count, .half_width = {}};
  if (samples.size() < 2) return interval;
  const double mean = interval.mean;
  const double squares = PairwiseSum(samples, [mean](double sample) { return (sample - mean) * (sample - mean); });
  constexpr double kUpperQuantile = 0.975;
  const double t = boost::math::quantile(boost::math::students_t(count - 1), kUpperQuantile);
  interval.half_width = t * std::sqrt(squares / (count - 1) / count);
  return interval;
}

}  // namespace zeus
