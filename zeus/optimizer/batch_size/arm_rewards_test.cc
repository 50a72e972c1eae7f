#include "zeus/optimizer/batch_size/arm_rewards.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/support/result_matchers.h"
#include "zeus/base/numpy_generator.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using ::testing::SizeIs;

// Mean and variance of rewards in two passes with extended precision.
ArmRewards::Statistics Reference(const std::vector<double>& rewards) {
  long double sum = 0;
  for (const double reward : rewards) sum += reward;
  const auto count = static_cast<long double>(rewards.size());
  const long double mean = sum / count;
  long double squares = 0;
  for (const double reward : rewards) squares += (reward - mean) * (reward - mean);
  return {.count = rewards.size(),
          .sum = static_cast<double>(sum),
          .mean = static_cast<double>(mean),
          .variance = static_cast<double>(squares / count)};
}

// |found - expected| within 1e-12 of the expected.
void ExpectClose(const ArmRewards::Statistics& found, const ArmRewards::Statistics& expected) {
  EXPECT_EQ(found.count, expected.count);
  EXPECT_NEAR(found.sum, expected.sum, 1e-12 * std::abs(expected.sum));
  EXPECT_NEAR(found.mean, expected.mean, 1e-12 * std::abs(expected.mean));
  EXPECT_NEAR(found.variance, expected.variance, 1e-12 * expected.variance);
}

TEST(ArmRewardsTest, NoRewards) {
  const ArmRewards rewards(0);
  EXPECT_EQ(rewards.count(), 0);
  EXPECT_EQ(rewards.Compute().count, 0);
  EXPECT_EQ(rewards.Compute().sum, 0);
}

TEST(ArmRewardsTest, OneRewardHasNoVariance) {
  ArmRewards rewards(0);
  rewards.Add(-7.5);
  EXPECT_EQ(rewards.Compute().mean, -7.5);
  EXPECT_EQ(rewards.Compute().variance, 0);
}

TEST(ArmRewardsTest, VarianceIsThePopulations) {
  ArmRewards rewards(0);
  for (const double reward : {-2.0, -4.0, -4.0, -4.0, -5.0, -5.0, -7.0, -9.0}) rewards.Add(reward);
  const ArmRewards::Statistics statistics = rewards.Compute();
  EXPECT_EQ(statistics.sum, -40);
  EXPECT_EQ(statistics.mean, -5);
  EXPECT_EQ(statistics.variance, 4);
}

TEST(ArmRewardsTest, AWindowKeepsTheLatestInOrder) {
  ArmRewards rewards(3);
  for (const double reward : {-1.0, -2.0, -3.0, -4.0, -6.0}) rewards.Add(reward);
  EXPECT_THAT(rewards.state().rewards, ElementsAre(-3, -4, -6));
  EXPECT_EQ(rewards.count(), 3);
  EXPECT_EQ(rewards.Compute().sum, -13);
}

TEST(ArmRewardsTest, AWindowLargerThanTheExactCountIsKeptWhole) {
  constexpr size_t kWindow = ArmRewards::kExactCount + 5;
  ArmRewards rewards(kWindow);
  for (size_t i = 0; i < kWindow + 3; ++i) rewards.Add(-static_cast<double>(i));
  EXPECT_THAT(rewards.state().rewards, SizeIs(kWindow));
  EXPECT_EQ(rewards.state().rewards.front(), -3);
  ZEUS_ASSERT_OK_AND_ASSIGN(const ArmRewards loaded, ArmRewards::FromState(kWindow, rewards.state()));
  EXPECT_EQ(loaded.Compute().sum, rewards.Compute().sum);
}

TEST(ArmRewardsTest, StatisticsGoOnAsBeforePastTheExactCount) {
  NumpyGenerator random(7);
  ArmRewards rewards(0);
  std::vector<double> all;
  const auto add = [&] {
    all.push_back(random.Normal(-80000, 1200));
    rewards.Add(all.back());
  };
  while (all.size() < ArmRewards::kExactCount) add();
  ExpectClose(rewards.Compute(), Reference(all));
  EXPECT_THAT(rewards.state().rewards, SizeIs(ArmRewards::kExactCount));
  add();
  ExpectClose(rewards.Compute(), Reference(all));
  EXPECT_THAT(rewards.state().rewards, IsEmpty());
  while (all.size() < 5 * ArmRewards::kExactCount) add();
  ExpectClose(rewards.Compute(), Reference(all));
}

TEST(ArmRewardsTest, ASavedStateContinuesAcrossTheExactCount) {
  for (const size_t saved_at : {size_t{0}, size_t{5}, ArmRewards::kExactCount - 1, ArmRewards::kExactCount,
                                ArmRewards::kExactCount + 1, ArmRewards::kExactCount + 100}) {
    NumpyGenerator random(11);
    ArmRewards rewards(0);
    for (size_t i = 0; i < saved_at; ++i) rewards.Add(random.Normal(-500, 30));
    ZEUS_ASSERT_OK_AND_ASSIGN(ArmRewards loaded, ArmRewards::FromState(0, rewards.state()));
    for (int i = 0; i < 200; ++i) {
      const double reward = random.Normal(-500, 30);
      rewards.Add(reward);
      loaded.Add(reward);
    }
    const ArmRewards::Statistics expected = rewards.Compute();
    const ArmRewards::Statistics found = loaded.Compute();
    EXPECT_EQ(found.count, expected.count) << "saved at " << saved_at;
    EXPECT_EQ(found.sum, expected.sum) << "saved at " << saved_at;
    EXPECT_EQ(found.mean, expected.mean) << "saved at " << saved_at;
    EXPECT_EQ(found.variance, expected.variance) << "saved at " << saved_at;
  }
}

TEST(ArmRewardsTest, StatesThatCannotBeAreRefused) {
  const auto code = ErrorCode::kInvalidData;
  EXPECT_THAT(ArmRewards::FromState(0, {.count = 2, .rewards = {-1}}), IsError(code, "does not fit"));
  EXPECT_THAT(ArmRewards::FromState(2, {.count = 3, .rewards = {-1, -2, -3}}), IsError(code, "window"));
  EXPECT_THAT(ArmRewards::FromState(0, {.count = ArmRewards::kExactCount + 1, .rewards = {-1}}),
              IsError(code, "does not fit"));
  EXPECT_THAT(ArmRewards::FromState(0, {.count = ArmRewards::kExactCount + 1, .rewards = {}, .squares = -1}),
              IsError(code, "does not fit"));
}

// Such a reward made every later belief about its arm "not a number".
TEST(ArmRewardsTest, AStateWithARewardThatIsNotANumberIsRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const auto code = ErrorCode::kInvalidData;
  EXPECT_THAT(ArmRewards::FromState(0, {.count = 2, .rewards = {-1, nan}}), IsError(code, "finite"));
  EXPECT_THAT(ArmRewards::FromState(2, {.count = 1, .rewards = {-infinity}}), IsError(code, "finite"));
  EXPECT_THAT(ArmRewards::FromState(0, {.count = ArmRewards::kExactCount + 1, .rewards = {}, .sum = nan}),
              IsError(code, "finite"));
  EXPECT_THAT(ArmRewards::FromState(0, {.count = ArmRewards::kExactCount + 1, .rewards = {}, .mean = infinity}),
              IsError(code, "finite"));
}

}  // namespace
}  // namespace zeus
