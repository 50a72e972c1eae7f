#include "zeus/optimizer/batch_size/pruned_thompson_policy.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/batch_size_policy_case.h"

namespace zeus::testing {
namespace {

using Json = nlohmann::ordered_json;

// A policy that knows the contract's job, with one way to live through a decision.
class PrunedThompsonPolicyTest : public ::testing::Test {
 protected:
  explicit PrunedThompsonPolicyTest(const PolicyOptions& options = {}) : policy_(options) {}

  void SetUp() override { job_ = *policy_.RegisterJob(ContractJob(), ContractSpace()); }

  int64_t Propose() {
    const Result<Proposal> proposal = policy_.Predict(job_);
    EXPECT_THAT(proposal, IsOk());
    return proposal ? proposal->batch_size : 0;
  }

  Result<void> Tell(int64_t batch_size, double cost, bool reached) {
    return policy_.Observe(job_, {.batch_size = batch_size, .cost = Joules(cost), .reached = reached});
  }

  // Proposes and answers `batch_sizes` in turn.
  void Walk(const std::vector<int64_t>& batch_sizes, double cost, bool reached) {
    for (const int64_t batch_size : batch_sizes) {
      ASSERT_EQ(Propose(), batch_size);
      ASSERT_THAT(Tell(batch_size, cost, reached), IsOk());
    }
  }

  [[nodiscard]] Json State() const { return Json::parse(*policy_.SaveBeliefs())["jobs"][0]["state"]; }

  PrunedThompsonPolicy policy_;
  JobId job_{};
};

class ConcurrentPrunedThompsonPolicyTest : public PrunedThompsonPolicyTest {
 protected:
  ConcurrentPrunedThompsonPolicyTest()
      : PrunedThompsonPolicyTest({.seed = 1, .window = 0, .concurrency = Concurrency::kOn}) {}
};

TEST_F(PrunedThompsonPolicyTest, ExploresTwiceAndThenSamplesTheSurvivors) {
  Walk({32, 16}, 100, true);
  Walk({8}, 150, false);
  Walk({64, 128}, 120, true);
  Walk({32, 16}, 101, true);
  Walk({64}, 121, true);
  Walk({128}, 130, false);
  std::set<int64_t> proposed;
  for (int i = 0; i < 200; ++i) {
    const int64_t batch_size = Propose();
    proposed.insert(batch_size);
    ASSERT_THAT(Tell(batch_size, 100 + i % 30, true), IsOk());
  }
  EXPECT_THAT(proposed, ::testing::IsSubsetOf({16, 32, 64}));
  EXPECT_GT(proposed.size(), 1);
}

TEST_F(PrunedThompsonPolicyTest, TheBanditStartsFromWhatExplorationSaw) {
  Walk({32}, 100, true);
  Walk({16}, 200, false);
  Walk({64}, 300, false);
  Walk({32}, 104, true);
  EXPECT_EQ(Propose(), 32);
  const Json arms = State()["bandit"]["arms"];
  ASSERT_EQ(arms.size(), 1);
  EXPECT_EQ(arms[0]["rewards_J"], Json({-100.0, -104.0}));
  EXPECT_EQ(arms[0]["mean"], -102.0);
  EXPECT_EQ(arms[0]["precision"], 0.5);  // Two rewards with variance 4.
}

TEST_F(PrunedThompsonPolicyTest, NoSurvivorsIsUnreachable) {
  Walk({32, 64}, 100, false);
  EXPECT_THAT(policy_.Predict(job_), IsError(ErrorCode::kUnreachable, "pictures/small/adam"));
  EXPECT_THAT(policy_.Predict(job_), IsError(ErrorCode::kUnreachable, "target metric 0.5"));
}

TEST_F(PrunedThompsonPolicyTest, AResultThatWasNotAskedForIsRefused) {
  EXPECT_THAT(Tell(32, 100, true), IsError(ErrorCode::kFailedPrecondition, "none was asked for"));
  Walk({32}, 100, true);
  const std::string before = *policy_.SaveBeliefs();
  EXPECT_THAT(Tell(16, 100, true), IsError(ErrorCode::kFailedPrecondition, "none was asked for"));
  EXPECT_EQ(*policy_.SaveBeliefs(), before);
}

TEST_F(PrunedThompsonPolicyTest, AResultOfAnotherBatchSizeIsRefused) {
  EXPECT_EQ(Propose(), 32);
  const std::string before = *policy_.SaveBeliefs();
  EXPECT_THAT(Tell(16, 100, true), IsError(ErrorCode::kFailedPrecondition, "waits for 32"));
  EXPECT_EQ(*policy_.SaveBeliefs(), before);
  EXPECT_THAT(Tell(32, 100, true), IsOk());
}

TEST_F(PrunedThompsonPolicyTest, ThePrunedAreNeverProposedAgainButTheirResultsAreKept) {
  Walk({32}, 100, true);
  Walk({16, 64}, 200, false);
  Walk({32}, 104, true);
  EXPECT_EQ(Propose(), 32);
  EXPECT_THAT(Tell(128, 50, true), IsOk());
  EXPECT_EQ(State()["rewards"][4]["rewards_J"], Json({-50.0}));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Propose(), 32);
}

TEST_F(ConcurrentPrunedThompsonPolicyTest, AnotherBatchSizesResultIsKeptAsARewardOnly) {
  EXPECT_EQ(Propose(), 32);
  EXPECT_THAT(Tell(16, 90, true), IsOk());
  EXPECT_EQ(Propose(), 32);
  EXPECT_THAT(Tell(32, 100, true), IsOk());
  EXPECT_EQ(Propose(), 16);
  EXPECT_EQ(State()["rewards"][1]["rewards_J"], Json({-90.0}));
}

TEST_F(ConcurrentPrunedThompsonPolicyTest, AResultThatWasNotAskedForDoesNotMoveExploration) {
  EXPECT_THAT(Tell(32, 100, true), IsOk());
  EXPECT_EQ(State()["exploration"]["next"], 32);
  EXPECT_EQ(State()["rewards"][2]["rewards_J"], Json({-100.0}));
}

TEST_F(ConcurrentPrunedThompsonPolicyTest, OneProposalMovesExplorationOnce) {
  EXPECT_EQ(Propose(), 32);
  EXPECT_THAT(Tell(32, 100, true), IsOk());
  EXPECT_THAT(Tell(16, 90, true), IsOk());  // Not proposed yet, though it is what exploration waits for.
  EXPECT_EQ(Propose(), 16);
  EXPECT_EQ(State()["exploration"]["good"], Json({32}));
}

// Beliefs of a policy whose bandit works on 16 and 32.
class PrunedThompsonBeliefsTest : public PrunedThompsonPolicyTest {
 protected:
  void SetUp() override {
    PrunedThompsonPolicyTest::SetUp();
    Walk({32, 16}, 100, true);
    Walk({8, 64}, 150, false);
    Walk({32, 16}, 101, true);
    Propose();
    beliefs_ = Json::parse(*policy_.SaveBeliefs());
    ASSERT_EQ(state()["bandit"]["arms"].size(), 2);
  }

  Json& state() { return beliefs_["jobs"][0]["state"]; }

  Json beliefs_;
};

// It went on to propose that batch size.
TEST_F(PrunedThompsonBeliefsTest, ABanditWithAnArmThatExplorationDidNotLeaveIsRefused) {
  state()["bandit"]["arms"][1]["batch_size"] = 4096;
  EXPECT_THAT(policy_.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "jobs[0].state.bandit.arms"));
  state()["bandit"]["arms"].erase(1);
  EXPECT_THAT(policy_.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "jobs[0].state.bandit.arms"));
}

// Everything learned about the survivors was forgotten without a word.
TEST_F(PrunedThompsonBeliefsTest, LosingTheBanditIsNoticed) {
  state()["bandit"] = nullptr;
  EXPECT_THAT(policy_.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "neither a bandit nor rewards"));
}

// Exploration waited for results that went to the bandit, and proposed the same batch size for ever.
TEST_F(PrunedThompsonBeliefsTest, ABanditBeforeTheEndOfExplorationIsRefused) {
  state()["exploration"]["rounds_left"] = 1;
  EXPECT_THAT(policy_.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "exploration is not over"));
}

TEST_F(PrunedThompsonBeliefsTest, OtherBatchSizesThanTheKnobsAreRefused) {
  const Json intact = beliefs_;
  state()["rewards"].erase(4);
  EXPECT_THAT(policy_.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "jobs[0].state.rewards"));
  beliefs_ = intact;
  state()["rewards"][4]["batch_size"] = 256;
  EXPECT_THAT(policy_.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "jobs[0].state.rewards"));
  beliefs_ = intact;
  state()["exploration"]["batch_sizes"] = {15, 32};
  EXPECT_THAT(policy_.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "jobs[0].state.exploration"));
}

TEST_F(PrunedThompsonBeliefsTest, TheErrorSaysWhichOptionDiffers) {
  PrunedThompsonPolicy other({.seed = 77, .window = 5, .concurrency = Concurrency::kOff});
  EXPECT_THAT(other.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "beliefs.options"));
  EXPECT_THAT(other.LoadBeliefs(beliefs_.dump()), IsError(ErrorCode::kInvalidData, "\"window\":5"));
}

TEST_F(PrunedThompsonBeliefsTest, APriorCountsAndIsPartOfTheOptions) {
  const GaussianBelief prior{.mean = -150, .precision = 1e9};
  PrunedThompsonPolicy policy(PolicyOptions{}, prior);
  const JobId job = *policy.RegisterJob(ContractJob(), ContractSpace());
  for (const int64_t batch_size : {32, 16, 8, 64, 16, 32}) {
    ASSERT_EQ(policy.Predict(job)->batch_size, batch_size);
    const Joules cost(100 + static_cast<double>(batch_size) / 8);
    ASSERT_THAT(policy.Observe(job, {batch_size, cost, batch_size == 32 || batch_size == 16}), IsOk());
    ASSERT_THAT(policy.Observe(job, {batch_size, cost, true}), IsError(ErrorCode::kFailedPrecondition, "none was"));
  }
  ASSERT_THAT(policy.Predict(job), IsOk());
  const std::string saved = *policy.SaveBeliefs();
  EXPECT_THAT(policy_.LoadBeliefs(saved), IsError(ErrorCode::kInvalidData, "beliefs.options"));
  PrunedThompsonPolicy twin(PolicyOptions{}, prior);
  ASSERT_THAT(twin.LoadBeliefs(saved), IsOk());
  for (int i = 0; i < 50; ++i) ASSERT_EQ(twin.Predict(job)->batch_size, policy.Predict(job)->batch_size);
}

TEST_F(PrunedThompsonPolicyTest, SaysWhetherItStillExplores) {
  Walk({32}, 100, true);
  Walk({16, 64}, 150, false);
  EXPECT_EQ(policy_.IsExploring(job_), true);
  Walk({32}, 100, true);
  EXPECT_EQ(policy_.IsExploring(job_), false);
  EXPECT_THAT(policy_.IsExploring(JobId{7}), IsError(ErrorCode::kFailedPrecondition, "never registered"));
}

}  // namespace
}  // namespace zeus::testing
