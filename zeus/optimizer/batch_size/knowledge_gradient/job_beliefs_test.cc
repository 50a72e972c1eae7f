#include "zeus/optimizer/batch_size/knowledge_gradient/job_beliefs.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>

#include "zeus/optimizer/batch_size/knowledge_gradient/normal.h"

namespace zeus::knowledge_gradient {
namespace {

using ::testing::DoubleNear;

constexpr std::array<int64_t, 4> kSizes = {128, 256, 512, 1024};

JobBeliefs Beliefs() {
  return JobBeliefs(kSizes, 256, 100, 2);
}

Run Reached(size_t size, double epochs, double epoch_cost) {
  return {.size = size, .cost = epochs * epoch_cost, .reached = true, .epochs = epochs, .epoch_cost = epoch_cost};
}

TEST(NormalTest, TabledValues) {
  EXPECT_NEAR(NormalCdf(0), 0.5, 1e-15);
  EXPECT_NEAR(NormalCdf(1.96), 0.9750021048517795, 1e-13);
  EXPECT_NEAR(NormalCdf(-6), 9.865876450376981e-10, 1e-17);
  EXPECT_NEAR(NormalCdf(-8), 6.220960574271785e-16, 1e-22);
  EXPECT_EQ(NormalCdf(50), 1);
  // E[X | X > 0] = sqrt(2 / pi).
  EXPECT_NEAR(NormalMeanAbove(0), std::sqrt(2 / 3.14159265358979), 1e-12);
}

TEST(NormalTest, ShortOfOneIsWhatItsDefinitionSays) {
  for (const double mean : {-3.0, -0.4, -0.05, 0.0, 0.02, 0.3, 1.0}) {
    for (const double deviation : {0.1, 0.5, 2.0}) {
      // The midpoint rule over 8 standard deviations to each side, up to where 1 is reached.
      constexpr int kSteps = 200000;
      const double low = std::min(0.0, mean - 8 * deviation);
      const double high = std::min(0.0, mean + 8 * deviation);
      Shortfall expected;
      for (int i = 0; i < kSteps; ++i) {
        const double x = low + (i + 0.5) * (high - low) / kSteps;
        const double weight = NormalDensity((x - mean) / deviation) / deviation * (high - low) / kSteps;
        expected.chance += weight;
        expected.mean += weight * (1 - std::exp(x));
      }
      const Shortfall found = ShortOfOne(mean, deviation);
      const bool far = std::abs(mean) > 6 * deviation;
      EXPECT_NEAR(found.chance, expected.chance, far ? 1e-8 : 1e-10) << mean << ' ' << deviation;
      EXPECT_NEAR(found.mean, expected.mean, far ? 1e-8 : 1e-10) << mean << ' ' << deviation;
    }
  }
  EXPECT_EQ(ShortOfOne(0.1, 0).mean, 0);
  EXPECT_NEAR(ShortOfOne(-0.1, 0).mean, 1 - std::exp(-0.1), 1e-15);
  EXPECT_EQ(ShortOfOne(-0.1, 0).chance, 1);
}

TEST(EpochCostsTest, KnownIsExactAndTheRestIsLessSureTheFurtherAway) {
  EpochCosts costs(kSizes, 256, 0.1);
  costs.Set(1, 50);
  EXPECT_EQ(costs.beliefs()[1].variance, 0);
  EXPECT_NEAR(costs.beliefs()[1].mean, std::log(50), 1e-15);
  EXPECT_FALSE(costs.known(2));
  EXPECT_GE(costs.beliefs()[3].variance, costs.beliefs()[2].variance);
  // No curve has an epoch that costs more with larger batches.
  EXPECT_LE(costs.beliefs()[3].mean, std::log(50));
  EXPECT_GE(costs.beliefs()[0].mean, std::log(50));
  // Twice the epoch cost at half the batch size: batches alone cost, so that it goes on like that.
  costs.Set(0, 100);
  EXPECT_THAT(costs.beliefs()[2].mean, DoubleNear(std::log(25), 0.2));
}

TEST(EpochsBeliefTest, ARunAtASizeIsBelievedThereAndInParts) {
  EpochsBelief epochs(kSizes, 256, {});
  epochs.Add(1, std::log(30), true);
  EXPECT_THAT(epochs.Predict(1).mean, DoubleNear(std::log(30), 1e-9));
  EXPECT_GT(epochs.Predict(3).variance, epochs.Predict(1).variance);
  const double before = epochs.Predict(1).variance;
  epochs.Add(1, std::log(30), true);
  EXPECT_LT(epochs.Predict(1).variance, before);
}

TEST(EpochsBeliefTest, AStoppedRunIsTakenToBeLonger) {
  EpochsBelief epochs(kSizes, 256, {});
  epochs.Add(1, std::log(30), true);
  epochs.AddStopped(3, 60, true);
  EXPECT_GT(epochs.Predict(3).mean, std::log(50));
  EXPECT_EQ(epochs.stopped_late(3), 1);
  EXPECT_EQ(epochs.reached(3), 0);
}

TEST(EpochsBeliefTest, SizesThatLieOnACurveMakeOthersSurer) {
  const auto own_variance = [](double last) {
    EpochsBelief epochs(kSizes, 256, {});
    epochs.Add(0, std::log(20), true);
    epochs.Add(1, std::log(21), true);
    epochs.Add(2, std::log(last), true);
    return epochs.own_variance(3);
  };
  EXPECT_LT(own_variance(23), 0.9 * own_variance(32));
  EpochsBelief one(kSizes, 256, {});
  one.Add(1, std::log(20), true);
  EXPECT_EQ(one.own_variance(3), Settings{}.deviation * Settings{}.deviation);
}

TEST(EpochsBeliefTest, AFallKeepsWhatIsKnownOfTheOthersAndARiseDoesNot) {
  EpochsBelief before(kSizes, 256, {});
  for (int i = 0; i < 5; ++i) before.Add(1, std::log(30), true);
  for (int i = 0; i < 5; ++i) before.Add(2, std::log(40), true);
  EpochsBelief fallen = before;
  fallen.ForgetRuns(std::log(0.5));
  EXPECT_NEAR(fallen.Predict(2).mean, before.Predict(2).mean + std::log(0.5), 0.02);
  const double memory = Settings().memory_after_fall;
  EXPECT_LT(fallen.Predict(2).variance, before.Predict(2).variance + memory * memory);
  EpochsBelief risen = before;
  risen.ForgetRuns(std::log(2));
  EXPECT_GT(risen.Predict(2).variance, 10 * before.Predict(2).variance);
  EXPECT_GT(risen.Predict(2).variance, 2 * fallen.Predict(2).variance);
  EXPECT_EQ(risen.runs(2), 0);
}

TEST(JobBeliefsTest, TheDefaultComesFirstWithoutACap) {
  const Decision decision = Beliefs().Decide();
  EXPECT_EQ(decision.size, 1U);
  EXPECT_EQ(decision.why, Decision::Why::kFirst);
  EXPECT_TRUE(std::isinf(decision.cap));
}

TEST(JobBeliefsTest, ACapIsBetaTimesWhatTheIncumbentIsExpectedToCostAndDoublesWhenItFails) {
  JobBeliefs beliefs = Beliefs();
  for (int i = 0; i < 3; ++i) beliefs.Observe(Reached(1, 30, 10));
  const Decision first = beliefs.DecideConcurrent();
  EXPECT_EQ(first.size, 1U);
  EXPECT_THAT(first.cap, DoubleNear(600, 20));
  beliefs.Observe({.size = 1, .cost = 600, .reached = false, .epochs = 60, .epoch_cost = 10});
  const Decision retry = beliefs.Decide();
  EXPECT_EQ(retry.why, Decision::Why::kRetry);
  EXPECT_GT(retry.cap, 2 * first.cap);
}

TEST(JobBeliefsTest, ARunEndedByItsProfileTellsTheCostOfAnEpochAndNoEpochs) {
  JobBeliefs beliefs = Beliefs();
  beliefs.Observe(Reached(1, 30, 10));
  beliefs.Observe({.size = 3, .cost = 12, .reached = false, .epochs = 1, .epoch_cost = 12, .ended_by_profile = true});
  EXPECT_EQ(beliefs.epochs().runs(3), 0);
  EXPECT_TRUE(beliefs.costs().known(3));
  EXPECT_EQ(beliefs.Decide().why, Decision::Why::kRetry);
}

TEST(JobBeliefsTest, TheIncumbentOfANoisyJobIsNotStoppedForItsNoise) {
  JobBeliefs beliefs = Beliefs();
  for (const double epochs : {10.0, 40.0, 12.0, 35.0, 15.0, 30.0}) beliefs.Observe(Reached(1, epochs, 10));
  const std::optional<TrialContext> context = beliefs.Context();
  ASSERT_TRUE(context);
  EXPECT_GT(beliefs.DecideConcurrent().cap, 1.2 * context->cap);
}

TEST(JobBeliefsTest, FailuresOnOneSideAddUpToAWall) {
  JobBeliefs beliefs = Beliefs();
  beliefs.Observe(Reached(1, 30, 10));
  beliefs.Observe({.size = 2, .cost = 600, .reached = false, .epochs = 60, .epoch_cost = 10});
  const double one = beliefs.WallChance(3, 1);
  EXPECT_GT(one, 0.5);
  EXPECT_EQ(beliefs.WallChance(3, 1), beliefs.WallChance(2, 1));
  beliefs.Observe({.size = 3, .cost = 600, .reached = false, .epochs = 60, .epoch_cost = 10});
  EXPECT_GT(beliefs.WallChance(3, 1), one);
  EXPECT_EQ(beliefs.WallChance(0, 1), 0);
  EXPECT_EQ(beliefs.WallChance(1, 1), 0);
}

TEST(JobBeliefsTest, NothingIsTriedWhileADriftIsUnsettled) {
  const std::array<int64_t, 4> sizes = {128, 256, 512, 1024};
  // A known job, up to where something else is tried.
  JobBeliefs beliefs(sizes, 256, 100, 2);
  const auto run = [](size_t size, double factor) {
    constexpr std::array<double, 4> kEpochs = {20, 22, 30, 60};
    constexpr std::array<double, 4> kEpochCosts = {30, 20, 16, 14};
    return Reached(size, factor * kEpochs[size], kEpochCosts[size]);
  };
  for (int i = 0; i < 40; ++i) beliefs.Observe(run(beliefs.Decide().size, 1));
  beliefs.Observe(run(beliefs.Incumbent(), 0.5));
  EXPECT_EQ(beliefs.shifts(), 0);
  EXPECT_EQ(beliefs.Decide().why, Decision::Why::kIncumbent);
  for (int i = 0; i < 3; ++i) beliefs.Observe(run(beliefs.Incumbent(), 0.5));
  EXPECT_EQ(beliefs.shifts(), 1);
}

TEST(JobBeliefsTest, WhereRunsAreNoisyItLooksFurtherAhead) {
  const auto left = [](double factor, int runs) {
    JobBeliefs beliefs = Beliefs();
    for (int i = 0; i < runs; ++i) beliefs.Observe(Reached(1, i % 2 == 0 ? 40 * factor : 40 / factor, 10));
    return beliefs.Context()->recurrences_left;
  };
  const Settings settings;
  const double until = settings.noisy_until * static_cast<double>(Beliefs().epochs().sizes());
  EXPECT_NEAR(left(1, 40), settings.horizon + 40, 0.5);
  EXPECT_NEAR(left(1.05, 40), settings.horizon + 40, 1);
  EXPECT_NEAR(left(1.6, 40), settings.noisy_horizon * (until - 40), 1);
  EXPECT_NEAR(left(1.6, 9), settings.horizon + 9, 0.5);
  EXPECT_NEAR(left(1, 200), settings.most_horizon, 0.5);
  EXPECT_NEAR(left(1.6, 200), settings.most_horizon, 0.5);
}

TEST(JobBeliefsTest, ForASizesFirstRunItLooksFurtherAhead) {
  JobBeliefs beliefs = Beliefs();
  for (int i = 0; i < 40; ++i) beliefs.Observe(Reached(1, 40, 10));
  const Settings settings;
  EXPECT_NEAR(beliefs.Context()->recurrences_left_for_first, settings.horizon + settings.first_growth * 40, 0.5);
  EXPECT_GT(settings.first_growth, settings.horizon_growth);

  // A known size's trial is weighed without it.
  beliefs.Observe(Reached(0, 40, 10));
  TrialContext context = *beliefs.Context();
  const double known = beliefs.Valuer().Value(0, context).score;
  const double unknown = beliefs.Valuer().Value(2, context).score;
  context.recurrences_left_for_first *= 2;
  EXPECT_EQ(beliefs.Valuer().Value(0, context).score, known);
  EXPECT_GT(beliefs.Valuer().Value(2, context).score, unknown);
}

TEST(JobBeliefsTest, NoiseIsWhatRunsThatReachedDifferBy) {
  JobBeliefs beliefs = Beliefs();
  for (int i = 0; i < 5; ++i) beliefs.Observe(Reached(1, 40, 10));
  const double before = beliefs.epochs().noise_variance();
  beliefs.Observe({.size = 2, .cost = 800, .reached = false, .epochs = 80, .epoch_cost = 10});
  beliefs.Observe(Reached(1, 40, 10));
  beliefs.Observe(Reached(2, 40, 10));
  EXPECT_LT(beliefs.epochs().noise_variance(), before);
  EXPECT_LT(beliefs.epochs().Noisiness(), 0.01);
}

TEST(JobBeliefsTest, WithoutEpochsCostsThemselvesAreBelieved) {
  JobBeliefs beliefs = Beliefs();
  beliefs.Observe({.size = 1, .cost = 1000, .reached = true, .epochs = {}, .epoch_cost = {}});
  EXPECT_TRUE(beliefs.only_costs());
  EXPECT_TRUE(std::isinf(beliefs.Decide().epoch_cost_limit));
}

TEST(JobBeliefsTest, WhatIsBelievedOfCostsIsNotRoundedToWholeOnes) {
  JobBeliefs beliefs = Beliefs();
  beliefs.Observe({.size = 1, .cost = 0.01, .reached = true, .epochs = {}, .epoch_cost = {}});
  EXPECT_THAT(beliefs.Valuer().ExpectedCost(1), DoubleNear(0.01, 0.001));
}

TEST(TrialValuerTest, NothingIsSavedWhereARunTakesOneEpochAlready) {
  JobBeliefs beliefs = Beliefs();
  for (const size_t size : std::array<size_t, 4>{1, 2, 0, 3}) beliefs.Observe(Reached(size, 1, size == 1 ? 10 : 11));
  const std::optional<TrialContext> context = beliefs.Context();
  ASSERT_TRUE(context);
  EXPECT_EQ(context->incumbent, 1U);
  EXPECT_GE(context->incumbent_cost, 10);
  for (const size_t size : std::array<size_t, 3>{0, 2, 3}) {
    const TrialValue value = beliefs.Valuer().Value(size, *context);
    EXPECT_LT(value.gain, 0.05) << size;
    EXPECT_GE(value.price, 0.9) << size;
  }
  EXPECT_EQ(beliefs.Decide().why, Decision::Why::kIncumbent);
}

TEST(TrialValuerTest, ASizeWithACheaperEpochIsWorthATryWhereARunTakesOne) {
  JobBeliefs beliefs = Beliefs();
  beliefs.Observe(Reached(0, 1, 20));
  beliefs.Observe(Reached(1, 1, 10));
  const std::optional<TrialContext> context = beliefs.Context();
  ASSERT_TRUE(context);
  EXPECT_GT(beliefs.Valuer().Value(2, *context).gain, 1);
}

TEST(TrialValuerTest, AFirstRunOfFewEpochsIsNotEndedAfterItsFirst) {
  const Settings settings;
  const auto limit = [&](double epochs, RunLength length) {
    JobBeliefs beliefs = Beliefs();
    for (int i = 0; i < 3; ++i) beliefs.Observe(Reached(1, epochs, 10));
    beliefs.Observe(Reached(2, 1.25 * epochs, 9));
    beliefs.Observe(Reached(3, 1.75 * epochs, 8.8));
    return TrialValuer(beliefs.epochs(), beliefs.costs(), settings, length).EpochCostLimit(0, *beliefs.Context());
  };
  EXPECT_TRUE(std::isinf(limit(4, RunLength::kWholeEpochs)));
  EXPECT_FALSE(std::isinf(limit(40, RunLength::kWholeEpochs)));
  EXPECT_FALSE(std::isinf(limit(4, RunLength::kAnyNumber)));
}

TEST(TrialValuerTest, NoFirstRunGoesOnWhereTheCapLeavesNoSecondEpoch) {
  // So far apart that nobody knows what an epoch costs at the other.
  constexpr std::array<int64_t, 2> kFarApart = {32, 256};
  JobBeliefs beliefs(kFarApart, 256, 200, 2);
  beliefs.Observe(Reached(1, 24, 10));
  const std::optional<TrialContext> context = beliefs.Context();
  ASSERT_TRUE(context);
  EXPECT_LE(beliefs.Valuer().EpochCostLimit(0, *context), context->cap / 2);
}

}  // namespace
}  // namespace zeus::knowledge_gradient
