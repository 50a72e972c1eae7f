#include "zeus/optimizer/batch_size/knowledge_gradient/knowledge_gradient_policy.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/batch_size_policy_case.h"
#include "tests/support/result_matchers.h"

namespace zeus::knowledge_gradient {
namespace {

using zeus::testing::IsError;
using zeus::testing::IsOk;

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
