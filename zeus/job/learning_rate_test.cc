#include "zeus/job/learning_rate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

TEST(LearningRateTest, SgdScalesLinearly) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const LearningRateRule rule, LearningRateRuleFor("sgd"));
  EXPECT_EQ(rule, LearningRateRule::kLinear);
  EXPECT_EQ(ScaleLearningRate(rule, 0.1, 256, 1024), 0.4);
  EXPECT_EQ(ScaleLearningRate(rule, 0.1, 256, 64), 0.025);
}

TEST(LearningRateTest, AdaptiveOptimizersScaleBySquareRoot) {
  for (const char* optimizer : {"adam", "adamw", "adadelta", "Adam", "AdamW", "ADADELTA"}) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const LearningRateRule rule, LearningRateRuleFor(optimizer));
    EXPECT_EQ(rule, LearningRateRule::kSquareRoot) << optimizer;
    EXPECT_EQ(ScaleLearningRate(rule, 0.1, 256, 1024), 0.2) << optimizer;
    EXPECT_EQ(ScaleLearningRate(rule, 0.1, 256, 512), 0.1 * std::sqrt(2.0)) << optimizer;
  }
}

TEST(LearningRateTest, TheDefaultBatchSizeKeepsItsRate) {
  for (const LearningRateRule rule : {LearningRateRule::kLinear, LearningRateRule::kSquareRoot}) {
    EXPECT_EQ(ScaleLearningRate(rule, 4e-7, 128, 128), 4e-7);
  }
}

TEST(LearningRateTest, OtherOptimizersAreAnError) {
  for (const char* optimizer : {"rmsprop", "", "sgdm", "adam "}) {
    EXPECT_THAT(LearningRateRuleFor(optimizer),
                IsError(ErrorCode::kInvalidArgument,
                        std::string("optimizer \"") + optimizer + "\": expected sgd, adam, adamw or adadelta"));
  }
}

}  // namespace
}  // namespace zeus
