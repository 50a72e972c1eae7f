#include "zeus/optimizer/batch_size/believed_costs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace zeus {
namespace {

TEST(BelievedCostsTest, NumbersOfANormalAreItsMeanAndQuantiles) {
  const BelievedCosts believed(
      1, [](NumpyGenerator& generator, std::span<double> numbers) { numbers[0] = generator.Normal(10, 2); });
  const BelievedNumber number = believed.Number(0);
  EXPECT_NEAR(number.mean, 10, 0.06);
  EXPECT_NEAR(number.low, 10 - 1.645 * 2, 0.12);
  EXPECT_NEAR(number.high, 10 + 1.645 * 2, 0.12);
}

TEST(BelievedCostsTest, TheLeastOfTwoNormalsFollowsTheirDifference) {
  const BelievedCosts believed(3, [](NumpyGenerator& generator, std::span<double> numbers) {
    numbers[0] = generator.Normal(0, 1);
    numbers[1] = generator.Normal(1, 1);
    numbers[2] = -100;
  });
  const std::vector<double> least = believed.LeastProbabilities({true, true, false});
  // P(N(0, 1) < N(1, 1)) = Phi(1 / sqrt(2)).
  EXPECT_NEAR(least[0], 0.5 * std::erfc(-0.5), 0.012);
  EXPECT_NEAR(least[0] + least[1], 1, 1e-9);
  EXPECT_EQ(least[2], 0);
}

TEST(BelievedCostsTest, WhatIsInfinitelyDearIsNeverTheLeast) {
  const BelievedCosts believed(
      1, [](NumpyGenerator&, std::span<double> numbers) { numbers[0] = std::numeric_limits<double>::infinity(); });
  EXPECT_EQ(believed.LeastProbabilities({true})[0], 0);
}

}  // namespace
}  // namespace zeus
