#include "zeus/optimizer/batch_size/grid_policy.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/batch_size_policy_case.h"

namespace zeus::testing {
namespace {

using Json = nlohmann::ordered_json;

// Three batch sizes with two limits each; the default is 32.
class GridPolicyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    job_ = *policy_.RegisterJob(ContractJob(), ContractSpace({16, 32, 64}, {Watts(100), Watts(200)}));
  }

  // Expects the pair to be proposed and answers it.
  void Try(int64_t batch_size, double limit, double cost, bool reached) {
    ExpectProposal(batch_size, limit);
    EXPECT_THAT(policy_.Observe(job_, {.batch_size = batch_size, .cost = Joules(cost), .reached = reached}), IsOk());
  }

  void ExpectProposal(int64_t batch_size, double limit) {
    const Result<Proposal> proposal = policy_.Predict(job_);
    ASSERT_THAT(proposal, IsOk());
    EXPECT_EQ(proposal->batch_size, batch_size);
    EXPECT_EQ(proposal->power_limit, Watts(limit));
  }

  GridPolicy policy_;
  JobId job_{};
};

TEST_F(GridPolicyTest, GoesDownFromTheDefaultThenUpAndStaysWithTheCheapest) {
  Try(32, 200, 50, true);
  Try(32, 100, 40, true);
  Try(16, 200, 60, true);
  Try(16, 100, 30, true);
  Try(64, 200, 45, true);
  Try(64, 100, 35, true);
  for (int i = 0; i < 3; ++i) Try(16, 100, 1000, true);
}

TEST_F(GridPolicyTest, ABatchSizeThatFailsIsDroppedWithItsRemainingLimits) {
  Try(32, 200, 50, true);
  Try(32, 100, 60, true);
  Try(16, 200, 5, false);
  Try(64, 200, 45, true);
  Try(64, 100, 70, false);
  Try(64, 200, 45, true);
}

TEST_F(GridPolicyTest, OnEqualCostsTheEarlierPairStays) {
  Try(32, 200, 50, true);
  Try(32, 100, 50, true);
  Try(16, 200, 50, false);
  Try(64, 200, 50, false);
  ExpectProposal(32, 200);
}

TEST_F(GridPolicyTest, NothingReachedIsUnreachable) {
  Try(32, 200, 50, false);
  Try(16, 200, 50, false);
  Try(64, 200, 50, false);
  EXPECT_THAT(policy_.Predict(job_), IsError(ErrorCode::kUnreachable, "pictures/small/adam"));
}

TEST_F(GridPolicyTest, AResultOfAnotherBatchSizeSaysNothingAboutThePair) {
  ExpectProposal(32, 200);
  EXPECT_THAT(policy_.Observe(job_, {.batch_size = 16, .cost = Joules(1), .reached = false}), IsOk());
  Try(32, 200, 50, true);
  Try(32, 100, 60, true);
  Try(16, 200, 60, true);
}

TEST_F(GridPolicyTest, MustKnowThePowerLimitsBeforehand) {
  EXPECT_THAT(policy_.RegisterJob(ContractJob(0.9), *KnobSpace::OfBatchSizes({16, 32})),
              IsError(ErrorCode::kInvalidArgument, "batch size 16 has none"));
}

TEST_F(GridPolicyTest, BeliefsWithAPairOutsideTheKnobsAreRefused) {
  Try(32, 200, 50, true);
  const Json intact = Json::parse(*policy_.SaveBeliefs());
  const auto refused = [&](const char* pointer, const Json& value) {
    Json damaged = intact;
    damaged[Json::json_pointer(std::string("/jobs/0/state") + pointer)] = value;
    const Result<void> loaded = policy_.LoadBeliefs(damaged.dump());
    return !loaded && loaded.error().code == ErrorCode::kInvalidData;
  };
  EXPECT_TRUE(refused("/left/0/batch_size", 17));
  EXPECT_TRUE(refused("/left/0/power_limit_W", 150));
  EXPECT_TRUE(refused("/left/0/power_limit_W", "nan"));
  EXPECT_TRUE(refused("/cheapest/batch_size", 17));
  EXPECT_TRUE(refused("/cheapest/power_limit_W", 150));
  EXPECT_FALSE(refused("/cheapest/power_limit_W", 100));
}

// The search went on as if nothing had reached the target yet.
TEST_F(GridPolicyTest, LosingTheCheapestPairIsNoticed) {
  Try(32, 200, 50, true);
  Json beliefs = Json::parse(*policy_.SaveBeliefs());
  beliefs["jobs"][0]["state"]["cheapest"] = nullptr;
  EXPECT_THAT(policy_.LoadBeliefs(beliefs.dump()), IsError(ErrorCode::kInvalidData, "cheapest_cost_J"));
}

// Nothing was ever cheaper than "not a number".
TEST_F(GridPolicyTest, ACheapestCostThatIsNotANumberIsRefused) {
  Try(32, 200, 50, true);
  Json beliefs = Json::parse(*policy_.SaveBeliefs());
  beliefs["jobs"][0]["state"]["cheapest_cost_J"] = "nan";
  EXPECT_THAT(policy_.LoadBeliefs(beliefs.dump()), IsError(ErrorCode::kInvalidData, "cheapest_cost_J"));
}

}  // namespace
}  // namespace zeus::testing
