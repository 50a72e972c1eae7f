#include "zeus/optimizer/batch_size/knowledge_gradient/shift_detector.h"

#include <gtest/gtest.h>

namespace zeus::knowledge_gradient {
namespace {

TEST(ShiftDetectorTest, SuspectsBeforeItTells) {
  ShiftDetector detector(0.5, 10);
  EXPECT_FALSE(detector.Suspects(3));
  EXPECT_FALSE(detector.Add(-4));
  EXPECT_TRUE(detector.Suspects(3));
  EXPECT_FALSE(detector.Add(0));
  EXPECT_FALSE(detector.Add(0));
  EXPECT_FALSE(detector.Suspects(3));
}

TEST(ShiftDetectorTest, TellsOfAStepAndNotOfOneStrangeRun) {
  ShiftDetector detector(0.5, 10);
  EXPECT_FALSE(detector.Add(100));  // Counts for 4.
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(detector.Add(0.1));
  // 3.5 each.
  EXPECT_FALSE(detector.Add(-5));
  EXPECT_FALSE(detector.Add(-5));
  EXPECT_TRUE(detector.Add(-5));
  EXPECT_EQ(detector.runs(), 3U);
}

TEST(ShiftDetectorTest, ARunThatWasOffByChanceBeforeTheDriftIsNotPartOfIt) {
  ShiftDetector detector(0.5, 10);
  EXPECT_FALSE(detector.Add(0));
  EXPECT_FALSE(detector.Add(-0.9));
  EXPECT_FALSE(detector.Add(-0.7));
  EXPECT_FALSE(detector.Add(-9));
  EXPECT_FALSE(detector.Add(-8));
  EXPECT_TRUE(detector.Add(-9));
  EXPECT_EQ(detector.runs(), 3U);
}

TEST(ShiftDetectorTest, ARunThatMayBePartOfTheDriftIs) {
  ShiftDetector detector(0.5, 10);
  EXPECT_FALSE(detector.Add(-1));
  size_t runs = 0;
  do {
    ++runs;
    ASSERT_LT(runs, 10U);
  } while (!detector.Add(2));
  EXPECT_EQ(detector.runs(), runs);
}

TEST(ShiftDetectorTest, NoMoreRunsAreFoundThanItRemembers) {
  ShiftDetector detector(0.5, 10);
  int runs = 1;
  while (!detector.Add(1.1)) ++runs;
  EXPECT_EQ(runs, 17);
  EXPECT_EQ(detector.runs(), ShiftDetector::kMostRuns);
}

}  // namespace
}  // namespace zeus::knowledge_gradient
