#include "zeus/optimizer/batch_size/gaussian_thompson_sampling.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace zeus {
namespace {

using ::testing::ElementsAre;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Arm = GaussianThompsonSampling::Arm;

// Arms with these batch sizes and rewards.
std::vector<Arm> Arms(const std::map<int64_t, std::vector<double>>& rewards) {
  std::vector<Arm> arms;
  for (const auto& [batch_size, values] : rewards) {
    Arm arm{batch_size, ArmRewards(0)};
    for (const double value : values) arm.rewards.Add(value);
    arms.push_back(std::move(arm));
  }
  return arms;
}

TEST(PosteriorTest, WithoutRewardsItIsThePrior) {
  const GaussianBelief prior{.mean = -3, .precision = 0.5};
  EXPECT_EQ(Posterior(prior, 2, {}), prior);
  EXPECT_EQ(Posterior(prior, kInfinity, {}), prior);
}

TEST(PosteriorTest, WeighsPriorAndRewardsByPrecision) {
  const ArmRewards::Statistics rewards{.count = 4, .sum = -40, .mean = -10, .variance = 2};
  const GaussianBelief belief = Posterior({.mean = -4, .precision = 0.5}, 0.25, rewards);
  EXPECT_EQ(belief.precision, 1.5);                    // 0.5 + 4 * 0.25
  EXPECT_DOUBLE_EQ(belief.mean, (-2.0 - 10.0) / 1.5);  // (0.5 * -4 + 0.25 * -40) / 1.5
}

TEST(PosteriorTest, APriorThatKnowsNothingLeavesTheRewardsMean) {
  const ArmRewards::Statistics rewards{.count = 2, .sum = -14, .mean = -7, .variance = 1};
  EXPECT_EQ(Posterior({}, 1, rewards), (GaussianBelief{.mean = -7, .precision = 2}));
}

TEST(PosteriorTest, RewardsWithoutNoiseAreCertain) {
  const ArmRewards::Statistics rewards{.count = 3, .sum = -21, .mean = -7, .variance = 0};
  EXPECT_EQ(Posterior({.mean = 5, .precision = 9}, kInfinity, rewards),
            (GaussianBelief{.mean = -7, .precision = kInfinity}));
}

TEST(PosteriorTest, NoPrecisionAnywhereStaysThePrior) {
  const ArmRewards::Statistics rewards{.count = 3, .sum = -21, .mean = -7, .variance = 0};
  EXPECT_EQ(Posterior({.mean = 5, .precision = 0}, 0, rewards), (GaussianBelief{.mean = 5, .precision = 0}));
}

TEST(GaussianThompsonSamplingTest, PrecisionIsLearnedFromTheRewardsVariance) {
  const GaussianThompsonSampling bandit(Arms({{8, {-10, -14}}, {16, {-20, -20}}}), {}, NumpyGenerator(1));
  EXPECT_THAT(bandit.beliefs(), ElementsAre(GaussianBelief{.mean = -12, .precision = 0.5},  // 2 / variance 4
                                            GaussianBelief{.mean = -20, .precision = kInfinity}));
}

TEST(GaussianThompsonSamplingTest, AKnownPrecisionIsUsedAsItIs) {
  const BanditOptions options{.prior = {.mean = -6, .precision = 1}, .num_exploration = 1, .reward_precision = 0.5};
  const GaussianThompsonSampling bandit(Arms({{8, {-10, -14}}}), options, NumpyGenerator(1));
  EXPECT_THAT(bandit.beliefs(), ElementsAre(GaussianBelief{.mean = -9, .precision = 2}));
}

TEST(GaussianThompsonSamplingTest, RarelyObservedArmsComeFirst) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    GaussianThompsonSampling bandit(Arms({{8, {}}, {16, {-1, -2}}, {32, {-1}}, {64, {}}}), {}, NumpyGenerator(seed));
    std::map<int64_t, int> proposed;
    for (int i = 0; i < 5; ++i) {
      const int64_t arm = bandit.Predict();
      ++proposed[arm];
      ASSERT_TRUE(bandit.Observe(arm, -1000));
    }
    EXPECT_EQ(proposed, (std::map<int64_t, int>{{8, 2}, {32, 1}, {64, 2}})) << "seed " << seed;
  }
}

TEST(GaussianThompsonSamplingTest, WhichRareArmComesFirstIsRandom) {
  std::set<int64_t> first;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    GaussianThompsonSampling bandit(Arms({{8, {}}, {16, {}}, {32, {}}}), {}, NumpyGenerator(seed));
    first.insert(bandit.Predict());
  }
  EXPECT_THAT(first, ElementsAre(8, 16, 32));
}

// The draws at a prediction are a permutation, then one normal an arm in the arms' order: the published code's stream.
TEST(GaussianThompsonSamplingTest, DrawsAPermutationAndThenEveryArm) {
  const auto arms = Arms({{8, {-10, -14}}, {16, {-11, -12}}, {32, {-9, -20}}});
  GaussianThompsonSampling bandit(arms, {}, NumpyGenerator(5));
  NumpyGenerator same_stream(5);
  for (int i = 0; i < 200; ++i) {
    std::vector<uint64_t> permutation(arms.size());
    same_stream.ChooseWithoutReplacement(arms.size(), permutation);
    int64_t expected = 0;
    double best = -kInfinity;
    for (size_t arm = 0; arm < arms.size(); ++arm) {
      const GaussianBelief& belief = bandit.beliefs()[arm];
      const double sample = same_stream.Normal(belief.mean, 1 / std::sqrt(belief.precision));
      if (sample > best) {
        best = sample;
        expected = arms[arm].batch_size;
      }
    }
    ASSERT_EQ(bandit.Predict(), expected) << "prediction " << i;
  }
  EXPECT_EQ(bandit.generator().state(), same_stream.state());
}

TEST(GaussianThompsonSamplingTest, ThePermutationIsDrawnWhileExploringToo) {
  GaussianThompsonSampling bandit(Arms({{8, {-1, -2}}, {16, {-1}}}), {}, NumpyGenerator(5));
  NumpyGenerator same_stream(5);
  std::vector<uint64_t> permutation(2);
  same_stream.ChooseWithoutReplacement(2, permutation);
  EXPECT_EQ(bandit.Predict(), 16);
  EXPECT_EQ(bandit.generator().state(), same_stream.state());
}

TEST(GaussianThompsonSamplingTest, OnEqualSamplesTheFirstArmWins) {
  GaussianThompsonSampling bandit(Arms({{8, {-20, -20}}, {16, {-10, -10}}, {32, {-10, -10}}}), {}, NumpyGenerator(3));
  for (int i = 0; i < 50; ++i) ASSERT_EQ(bandit.Predict(), 16);
}

TEST(GaussianThompsonSamplingTest, ComesToPreferTheCheapestArm) {
  GaussianThompsonSampling bandit(Arms({{8, {}}, {16, {}}, {32, {}}}), {}, NumpyGenerator(2));
  NumpyGenerator noise(99);
  const std::map<int64_t, double> mean_cost = {{8, 1000}, {16, 700}, {32, 900}};
  std::map<int64_t, int> proposed;
  for (int i = 0; i < 500; ++i) {
    const int64_t arm = bandit.Predict();
    ++proposed[arm];
    bandit.Observe(arm, -noise.Normal(mean_cost.at(arm), 50));
  }
  EXPECT_GT(proposed[16], 450);
}

TEST(GaussianThompsonSamplingTest, ARewardOfAnUnknownArmChangesNothing) {
  GaussianThompsonSampling bandit(Arms({{8, {-1, -3}}, {32, {-1, -3}}}), {}, NumpyGenerator(2));
  const std::vector<GaussianBelief> before(bandit.beliefs().begin(), bandit.beliefs().end());
  EXPECT_FALSE(bandit.Observe(16, -5));
  EXPECT_FALSE(bandit.Observe(64, -5));
  EXPECT_TRUE(std::ranges::equal(bandit.beliefs(), before));
  EXPECT_EQ(bandit.arms()[0].rewards.count(), 2);
  EXPECT_TRUE(bandit.Observe(32, -5));
  EXPECT_EQ(bandit.beliefs()[1].mean, -3);
}

TEST(GaussianThompsonSamplingTest, AWindowForgetsOldRewards) {
  std::vector<Arm> arms;
  arms.push_back({8, ArmRewards(2)});
  GaussianThompsonSampling bandit(std::move(arms), {}, NumpyGenerator(2));
  for (const double reward : {-1000.0, -10.0, -14.0}) bandit.Observe(8, reward);
  EXPECT_EQ(bandit.beliefs()[0], (GaussianBelief{.mean = -12, .precision = 0.5}));
}

TEST(GaussianThompsonSamplingTest, TheSameSeedGivesTheSameDecisions) {
  const auto arms = Arms({{8, {-10, -14}}, {16, {-11, -15}}, {32, {-9, -20}}});
  GaussianThompsonSampling first(arms, {}, NumpyGenerator(42));
  GaussianThompsonSampling second(arms, {}, NumpyGenerator(42));
  GaussianThompsonSampling other(arms, {}, NumpyGenerator(43));
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const int64_t arm = first.Predict();
    ASSERT_EQ(second.Predict(), arm);
    differs = differs || other.Predict() != arm;
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace zeus
