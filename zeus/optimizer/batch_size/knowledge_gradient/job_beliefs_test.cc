#include "zeus/optimizer/batch_size/knowledge_gradient/job_beliefs.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/batch_size_policy_case.h"
#include "tests/support/result_matchers.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/knowledge_gradient_policy.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/normal.h"

namespace zeus::knowledge_gradient {
namespace {

using ::testing::DoubleNear;
using zeus::testing::IsError;
using zeus::testing::IsOk;

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
  EXPECT_LT(fallen.Predict(2).variance, 2 * before.Predict(2).variance + 0.005);
  EpochsBelief risen = before;
  risen.ForgetRuns(std::log(2));
  EXPECT_GT(risen.Predict(2).variance, 10 * before.Predict(2).variance);
  EXPECT_EQ(risen.runs(2), 0);
}

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
  EXPECT_EQ(detector.runs(), 3);
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

class BadInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ZEUS_ASSERT_OK_AND_ASSIGN(job_, policy_.RegisterJob(zeus::testing::ContractJob(), zeus::testing::ContractSpace()));
    ASSERT_THAT(policy_.Predict(job_), IsOk());
  }

  void ExpectRefused(const Observation& observation, ErrorCode code, const char* message) {
    const std::string before = *policy_.SaveBeliefs();
    EXPECT_THAT(policy_.Observe(job_, observation), IsError(code, message));
    EXPECT_EQ(*policy_.SaveBeliefs(), before);
  }

  KnowledgeGradientPolicy policy_{PolicyOptions{}};
  JobId job_{};
};

TEST_F(BadInputTest, NumbersThatCannotBe) {
  const auto code = ErrorCode::kInvalidArgument;
  ExpectRefused({.batch_size = 32, .cost = Joules(0), .reached = true, .epochs = 3}, code, "expected a number above 0");
  ExpectRefused({.batch_size = 32, .cost = Joules(5), .reached = true, .epochs = 0}, code, "expected 1 or more");
  ExpectRefused({.batch_size = 32, .cost = Joules(5), .reached = true, .epochs = -2}, code, "number of epochs");
  for (const double cost : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    ExpectRefused({.batch_size = 32, .cost = Joules(5), .reached = true, .epochs = 3, .epoch_cost = Joules(cost)}, code,
                  "epoch_cost_J");
  }
}

TEST_F(BadInputTest, SavedBeliefsWithNumbersThatCannotBe) {
  ASSERT_THAT(policy_.Observe(job_, {.batch_size = 32, .cost = Joules(5), .reached = true, .epochs = 3}), IsOk());
  const std::string before = *policy_.SaveBeliefs();
  const size_t at = before.find("\"epochs\": 3.0");
  ASSERT_NE(at, std::string::npos) << before;
  for (const char* const number : {"0", "-3", "1e300"}) {
    std::string changed = before;
    changed.replace(at, 13, std::string("\"epochs\": ") + number);
    EXPECT_THAT(policy_.LoadBeliefs(changed), IsError(ErrorCode::kInvalidData, "number of epochs")) << number;
    EXPECT_EQ(*policy_.SaveBeliefs(), before);
  }
}

TEST_F(BadInputTest, SavedBeliefsWithASizeOfAnotherJob) {
  ASSERT_THAT(policy_.Observe(job_, {.batch_size = 32, .cost = Joules(5), .reached = true, .epochs = 3}), IsOk());
  const std::string before = *policy_.SaveBeliefs();
  nlohmann::ordered_json document = nlohmann::ordered_json::parse(before);
  nlohmann::ordered_json& state = document["jobs"][0]["state"];
  ASSERT_TRUE(state.contains("runs")) << before;
  state["runs"][0]["batch_size"] = 33;
  EXPECT_THAT(policy_.LoadBeliefs(document.dump()), IsError(ErrorCode::kInvalidData, "a feasible batch size"));
  state["runs"][0]["batch_size"] = 64;
  EXPECT_THAT(policy_.LoadBeliefs(document.dump()), IsError(ErrorCode::kInvalidData, "that was proposed"));
  EXPECT_EQ(*policy_.SaveBeliefs(), before);
}

TEST_F(BadInputTest, ResultsThatWereNotAskedFor) {
  const auto code = ErrorCode::kFailedPrecondition;
  ExpectRefused({.batch_size = 64, .cost = Joules(5), .reached = true, .epochs = 3}, code, "but 32 was proposed");
  ASSERT_THAT(policy_.Observe(job_, {.batch_size = 32, .cost = Joules(5), .reached = true, .epochs = 3}), IsOk());
  ExpectRefused({.batch_size = 32, .cost = Joules(5), .reached = true, .epochs = 3}, code, "none was asked for");
}

TEST(KnowledgeGradientPolicyTest, ConcurrentResultsMayComeInAnotherOrder) {
  const Observation first{.batch_size = 32, .cost = Joules(5), .reached = true, .epochs = 3};
  KnowledgeGradientPolicy policy({.concurrency = Concurrency::kOn});
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job,
                            policy.RegisterJob(zeus::testing::ContractJob(), zeus::testing::ContractSpace()));
  ASSERT_THAT(policy.Predict(job), IsOk());
  ASSERT_THAT(policy.Observe(job, first), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal trial, policy.Predict(job));
  ASSERT_NE(trial.batch_size, 32);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto during, policy.PredictConcurrent(job));
  ASSERT_TRUE(during);
  EXPECT_EQ(during->batch_size, 32);
  EXPECT_THAT(policy.Observe(job, first), IsOk());
  EXPECT_THAT(policy.Observe(job, {.batch_size = trial.batch_size, .cost = Joules(7), .reached = true, .epochs = 4}),
              IsOk());
}

// On a busy cluster some run is always under way: to wait for none would be to learn nothing.
TEST(KnowledgeGradientPolicyTest, OneTrialAtATimeWhileOthersRun) {
  const PolicyOptions options{.concurrency = Concurrency::kOn};
  KnowledgeGradientPolicy policy(options);
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job,
                            policy.RegisterJob(zeus::testing::ContractJob(), zeus::testing::ContractSpace()));
  const auto next = [&] { return policy.PredictConcurrent(job).value().value().batch_size; };
  const auto reached = [](int64_t batch_size, int64_t epochs) {
    return Observation{
        .batch_size = batch_size, .cost = Joules(static_cast<double>(epochs)), .reached = true, .epochs = epochs};
  };
  ASSERT_EQ(policy.Predict(job).value().batch_size, 32);
  ASSERT_EQ(next(), 32);
  ASSERT_EQ(next(), 32) << "nothing is known yet";
  ASSERT_THAT(policy.Observe(job, reached(32, 30)), IsOk());
  const int64_t trial = next();
  EXPECT_NE(trial, 32) << "though two runs are under way";
  EXPECT_EQ(next(), 32) << "while that trial is";
  ASSERT_THAT(policy.Observe(job, reached(32, 30)), IsOk());
  EXPECT_EQ(next(), 32);
  // What is under way is saved.
  KnowledgeGradientPolicy loaded(options);
  ASSERT_THAT(loaded.LoadBeliefs(*policy.SaveBeliefs()), IsOk());
  EXPECT_EQ(loaded.PredictConcurrent(job).value()->batch_size, 32);
  ASSERT_THAT(policy.Observe(job, {.batch_size = trial, .cost = Joules(60), .reached = false, .epochs = 60}), IsOk());
  EXPECT_EQ(next(), 32) << "a failed try is repeated there";
  ASSERT_THAT(policy.Observe(job, reached(32, 30)), IsOk());
  const int64_t second = next();
  EXPECT_NE(second, 32);
  EXPECT_NE(second, trial);
  // Whoever asks when none is under way knows that this one's result is lost.
  EXPECT_EQ(next(), 32);
  ASSERT_EQ(policy.Predict(job).value().batch_size, second);
  ASSERT_THAT(policy.Observe(job, reached(second, 30)), IsOk());
}

TEST(KnowledgeGradientPolicyTest, ConcurrentResultsOfSizesNeverProposedAreRefused) {
  KnowledgeGradientPolicy policy({.concurrency = Concurrency::kOn});
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job,
                            policy.RegisterJob(zeus::testing::ContractJob(), zeus::testing::ContractSpace()));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto proposal, policy.PredictConcurrent(job));
  ASSERT_TRUE(proposal);
  EXPECT_EQ(proposal->batch_size, 32);
  EXPECT_THAT(policy.Observe(job, {.batch_size = 128, .cost = Joules(5), .reached = true, .epochs = 3}),
              IsError(ErrorCode::kFailedPrecondition, "never proposed"));
}

}  // namespace
}  // namespace zeus::knowledge_gradient
