#include "zeus/optimizer/batch_size/thompson_policy.h"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/batch_size_policy_case.h"

namespace zeus::testing {
namespace {

using Json = nlohmann::ordered_json;

TEST(ThompsonPolicyTest, TriesEveryBatchSizeTwiceFirst) {
  ThompsonPolicy policy({.seed = 3});
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), ContractSpace()));
  ContractWorld world;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Proposal> proposals, Drive(policy, job, &world, 10));
  std::map<int64_t, int> times;
  for (const Proposal& proposal : proposals) {
    ++times[proposal.batch_size];
    EXPECT_EQ(proposal.power_limit, std::nullopt);
  }
  EXPECT_EQ(times, (std::map<int64_t, int>{{8, 2}, {16, 2}, {32, 2}, {64, 2}, {128, 2}}));
}

TEST(ThompsonPolicyTest, SettlesOnTheCheapest) {
  ThompsonPolicy policy({.seed = 3});
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), ContractSpace()));
  ContractWorld world;
  ASSERT_THAT(Drive(policy, job, &world, 100), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Proposal> proposals, Drive(policy, job, &world, 100));
  EXPECT_GT(std::ranges::count(proposals, 16, &Proposal::batch_size), 80);
}

TEST(ThompsonPolicyTest, AFailedTryCountsWithItsCost) {
  ThompsonPolicy policy({.seed = 3});
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), ContractSpace()));
  ASSERT_THAT(policy.Observe(job, {.batch_size = 8, .cost = Joules(5), .reached = false}), IsOk());
  const Json beliefs = Json::parse(*policy.SaveBeliefs());
  EXPECT_EQ(beliefs["jobs"][0]["state"]["arms"][0]["rewards_J"], Json({-5.0}));
}

TEST(ThompsonPolicyTest, AKnownPrecisionIsUsed) {
  const BanditOptions bandit{.prior = {.mean = -6, .precision = 1}, .num_exploration = 2, .reward_precision = 0.5};
  ThompsonPolicy policy({.seed = 3}, bandit);
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), ContractSpace()));
  ASSERT_THAT(policy.Observe(job, {.batch_size = 8, .cost = Joules(12), .reached = true}), IsOk());
  const Json beliefs = Json::parse(*policy.SaveBeliefs());
  EXPECT_EQ(beliefs["jobs"][0]["state"]["arms"][0]["mean"], -8.0);  // (-6 + 0.5 * -12) / 1.5
  EXPECT_EQ(beliefs["jobs"][0]["state"]["arms"][0]["precision"], 1.5);
}

TEST(ThompsonPolicyTest, BeliefsWithoutAnArmForEachBatchSizeAreRefused) {
  ThompsonPolicy policy({.seed = 3});
  ASSERT_THAT(policy.RegisterJob(ContractJob(), ContractSpace()), IsOk());
  Json beliefs = Json::parse(*policy.SaveBeliefs());
  beliefs["jobs"][0]["state"]["arms"].erase(2);
  EXPECT_THAT(policy.LoadBeliefs(beliefs.dump()), IsError(ErrorCode::kInvalidData, "one arm for each"));
  beliefs["jobs"][0]["state"]["arms"] = Json::array();
  EXPECT_THAT(policy.LoadBeliefs(beliefs.dump()), IsError(ErrorCode::kInvalidData, "at least one arm"));
}

}  // namespace
}  // namespace zeus::testing
