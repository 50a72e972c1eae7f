#include "zeus/optimizer/batch_size/knowledge_gradient/fall_explanation.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace zeus::knowledge_gradient {
namespace {

constexpr std::array<int64_t, 5> kSizes = {128, 256, 512, 1024, 2048};
constexpr size_t kCurvesOfACriticalSize = 17;          // Those that differ in what small batches do.
constexpr size_t kCurve = 6 * kCurvesOfACriticalSize;  // A critical size of twice b0; small batches do not rise.

CurveFamily Family() {
  return {kSizes, 256};
}

FallExplanation OfOneCurve() {
  constexpr std::array<size_t, 1> kCurves = {kCurve};
  constexpr std::array<double, 1> kWeights = {1};
  return {Family(), kCurves, kWeights, kSizes.size(), {}};
}

FallExplanation::Seen SeenAt(size_t size, double change) {
  return {.size = size, .change = change, .variance = 0.003};
}

TEST(CurveFamilyTest, ACurveWithAGreaterCriticalSizeIsOneOfTheFamily) {
  const CurveFamily family = Family();
  for (size_t curve = 0; curve < 5 * kCurvesOfACriticalSize; ++curve) {
    ASSERT_TRUE(family.has_critical_size(curve));
    for (size_t i = 0; i < kSizes.size(); ++i) {
      const double change = family.At(i)[curve + kCurvesOfACriticalSize] - family.At(i)[curve];
      EXPECT_NEAR(family.ChangeWithCriticalSize(curve, i, 2), change, 1e-12) << curve << ' ' << i;
      EXPECT_EQ(family.ChangeWithCriticalSize(curve, i, 1), 0);
    }
  }
  EXPECT_FALSE(family.has_critical_size(family.size() - 1));
}

TEST(CurveFamilyTest, ACriticalSizeBelowAQuarterOfTheDefaultIsSmall) {
  const CurveFamily family = Family();
  EXPECT_TRUE(family.has_small_critical_size(0));
  EXPECT_TRUE(family.has_small_critical_size(3 * kCurvesOfACriticalSize - 1));  // b0 / 8.
  EXPECT_FALSE(family.has_small_critical_size(3 * kCurvesOfACriticalSize));     // b0 / 4.
  EXPECT_FALSE(family.has_small_critical_size(family.size() - 1));
}

TEST(FallExplanationTest, AFallThatNoCriticalSizeExplainsIsTakenToBeAlike) {
  const std::vector<FallExplanation::Seen> seen = {SeenAt(1, std::log(0.3))};
  const std::vector<LogBelief> changes = OfOneCurve().Explain(seen);
  ASSERT_EQ(changes.size(), kSizes.size());
  for (const LogBelief& change : changes) {
    EXPECT_NEAR(change.mean, std::log(0.3), 0.05);
    EXPECT_LT(std::sqrt(change.variance), 0.1);
  }
}

TEST(FallExplanationTest, ASmallFallMayBeAGreaterCriticalSize) {
  const CurveFamily family = Family();
  const std::vector<FallExplanation::Seen> seen = {SeenAt(1, family.ChangeWithCriticalSize(kCurve, 1, 4))};
  const std::vector<LogBelief> changes = OfOneCurve().Explain(seen);
  // Between the two explanations, and unsure which, the more so the larger a size is.
  const double alike = seen[0].change;
  for (size_t i = 2; i < kSizes.size(); ++i) {
    EXPECT_LT(changes[i].mean, alike - 0.02) << i;
    EXPECT_GT(changes[i].mean, family.ChangeWithCriticalSize(kCurve, i, 8)) << i;
    EXPECT_GT(changes[i].variance, changes[i - 1].variance) << i;
  }
  EXPECT_GT(changes[0].mean, alike);
}

TEST(FallExplanationTest, WhatLargerSizesCameToTellsWhichItWas) {
  const CurveFamily family = Family();
  std::vector<FallExplanation::Seen> critical;
  std::vector<FallExplanation::Seen> alike;
  for (const size_t size : std::array<size_t, 3>{1, 2, 3}) {
    critical.push_back(SeenAt(size, family.ChangeWithCriticalSize(kCurve, size, 4)));
    alike.push_back(SeenAt(size, family.ChangeWithCriticalSize(kCurve, 1, 4)));
  }
  EXPECT_NEAR(OfOneCurve().Explain(critical)[4].mean, family.ChangeWithCriticalSize(kCurve, 4, 4), 0.1);
  EXPECT_NEAR(OfOneCurve().Explain(alike)[4].mean, alike[0].change, 0.05);
}

TEST(FallExplanationTest, CurvesWithoutACriticalSizeFallAlike) {
  const CurveFamily family = Family();
  std::vector<size_t> curves(kCurvesOfACriticalSize);
  std::iota(curves.begin(), curves.end(), family.size() - kCurvesOfACriticalSize);
  const std::vector<double> weights(curves.size(), 1.0 / static_cast<double>(curves.size()));
  const FallExplanation explanation(family, curves, weights, kSizes.size(), {});
  const std::vector<FallExplanation::Seen> seen = {SeenAt(2, -0.2)};
  for (const LogBelief& change : explanation.Explain(seen)) EXPECT_NEAR(change.mean, -0.2, 0.01);
}

}  // namespace
}  // namespace zeus::knowledge_gradient
