#include "zeus/base/interval.h"

#include <gmock/gmock.h>

#include <array>

namespace zeus {
namespace {

TEST(IntervalTest, OneSampleHasAMeanAndNoInterval) {
  const Interval interval = MeanWithConfidence(std::array{4.5});
  EXPECT_DOUBLE_EQ(interval.mean, 4.5);
  EXPECT_FALSE(interval.half_width.has_value());
}

TEST(IntervalTest, EqualSamplesHaveAnIntervalOfZero) {
  const Interval interval = MeanWithConfidence(std::array{2.0, 2.0, 2.0});
  EXPECT_DOUBLE_EQ(interval.mean, 2);
  EXPECT_DOUBLE_EQ(interval.half_width.value(), 0);
}

// By hand: mean 3, sample variance 2.5, standard error sqrt(2.5 / 5), and t(0.975, 4) = 2.776445105 from the tables.
TEST(IntervalTest, FollowsStudentsTDistribution) {
  const Interval interval = MeanWithConfidence(std::array{1.0, 2.0, 3.0, 4.0, 5.0});
  EXPECT_DOUBLE_EQ(interval.mean, 3);
  EXPECT_NEAR(interval.half_width.value(), 2.776445105 * 0.7071067811865476, 1e-8);
}

}  // namespace
}  // namespace zeus
