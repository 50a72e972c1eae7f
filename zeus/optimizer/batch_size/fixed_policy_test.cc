#include "zeus/optimizer/batch_size/fixed_policy.h"

#include <gmock/gmock.h>

#include "tests/support/batch_size_policy_case.h"

namespace zeus::testing {
namespace {

TEST(FixedPolicyTest, ProposesTheDefaultWhateverHappens) {
  FixedPolicy policy;
  EXPECT_EQ(policy.name(), "default");
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), ContractSpace()));
  for (int i = 0; i < 5; ++i) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal proposal, policy.Predict(job));
    EXPECT_EQ(proposal.batch_size, 32);
    EXPECT_EQ(proposal.power_limit, std::nullopt);
    ASSERT_THAT(policy.Observe(job, {.batch_size = 32, .cost = Joules(100), .reached = i % 2 == 0}), IsOk());
  }
}

TEST(FixedPolicyTest, ProposesWhatItWasGiven) {
  FixedPolicy policy("oracle", {.batch_size = 64, .power_limit = Watts(150)});
  EXPECT_EQ(policy.name(), "oracle");
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), ContractSpace()));
  ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal proposal, policy.Predict(job));
  EXPECT_EQ(proposal.batch_size, 64);
  EXPECT_EQ(proposal.power_limit, Watts(150));
}

TEST(FixedPolicyTest, WhatItWasGivenMustBeFeasible) {
  FixedPolicy policy("oracle", {.batch_size = 65, .power_limit = Watts(150)});
  EXPECT_THAT(policy.RegisterJob(ContractJob(), ContractSpace()),
              IsError(ErrorCode::kInvalidArgument, "8, 16, 32, 64, 128"));
}

TEST(FixedPolicyTest, TheOraclesBeliefsAreNotTheDefaults) {
  FixedPolicy oracle("oracle", {.batch_size = 64, .power_limit = Watts(150)});
  FixedPolicy policy;
  EXPECT_THAT(policy.LoadBeliefs(*oracle.SaveBeliefs()), IsError(ErrorCode::kInvalidData, "\"default\""));
}

}  // namespace
}  // namespace zeus::testing
