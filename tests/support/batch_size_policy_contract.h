#pragma once

#include <limits>
#include <string>
#include <vector>

#include "tests/support/batch_size_beliefs_contract.h"
#include "tests/support/batch_size_policy_case.h"
#include "tests/support/first_difference.h"

/// What every batch-size policy promises (see batch_size_policy.h), as tests. To hold a policy to it, include this file
/// in one source of a test program and write
///
///   INSTANTIATE_TEST_SUITE_P(Mine, BatchSizePolicyContract, ::testing::Values(BatchSizePolicyCase{...}), CaseName);
namespace zeus::testing {

TEST_P(BatchSizePolicyContract, HasAName) {
  EXPECT_FALSE(Make()->name().empty());
}

TEST_P(BatchSizePolicyContract, ProposesFeasibleKnobs) {
  const KnobSpace space = ContractSpace();
  const auto policy = Make();
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy->RegisterJob(ContractJob(), space));
  ContractWorld world;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Proposal> proposals, Drive(*policy, job, &world, 200));
  for (const Proposal& proposal : proposals) {
    const auto position = space.Find(proposal.batch_size);
    ASSERT_TRUE(position) << proposal.batch_size;
    if (proposal.power_limit) {
      EXPECT_THAT(space.choices()[*position].power_limits, ::testing::Contains(*proposal.power_limit));
    }
  }
}

TEST_P(BatchSizePolicyContract, SameCallsGiveTheSameAnswers) {
  std::vector<std::string> answers;
  for (int i = 0; i < 2; ++i) {
    const auto policy = Make();
    ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy->RegisterJob(ContractJob(), ContractSpace()));
    ContractWorld world;
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Proposal> proposals, Drive(*policy, job, &world, 100));
    answers.push_back(ToText(proposals) + Save(*policy));
  }
  EXPECT_EQ(FirstDifference(answers[1], answers[0]), "");
}

TEST_P(BatchSizePolicyContract, JobsDoNotTouchEachOther) {
  const auto alone = Make();
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId only, alone->RegisterJob(ContractJob(), ContractSpace()));
  ContractWorld world;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Proposal> expected, Drive(*alone, only, &world, 60));

  const auto shared = Make();
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId first, shared->RegisterJob(ContractJob(), ContractSpace()));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId second, shared->RegisterJob(ContractJob(0.6), ContractSpace()));
  ASSERT_NE(first, second);
  ContractWorld first_world;
  ContractWorld second_world;
  std::vector<Proposal> of_first;
  std::vector<Proposal> of_second;
  for (int step = 0; step < 60; ++step) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto one, Drive(*shared, first, &first_world, 1));
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto two, Drive(*shared, second, &second_world, 1));
    of_first.push_back(one.front());
    of_second.push_back(two.front());
  }
  EXPECT_EQ(ToText(of_first), ToText(expected));
  EXPECT_EQ(ToText(of_second), ToText(expected));
}

TEST_P(BatchSizePolicyContract, RegisteringAgainKeepsWhatWasLearned) {
  const auto policy = Make();
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy->RegisterJob(ContractJob(), ContractSpace()));
  ContractWorld world;
  ASSERT_THAT(Drive(*policy, job, &world, 20), IsOk());
  const std::string before = Save(*policy);
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId again, policy->RegisterJob(ContractJob(), ContractSpace()));
  EXPECT_EQ(again, job);
  EXPECT_EQ(FirstDifference(Save(*policy), before), "");
}

TEST_P(BatchSizePolicyContract, RegisteringAgainWithOtherKnobsIsAnError) {
  const auto policy = Make();
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy->RegisterJob(ContractJob(), ContractSpace()));
  ContractWorld world;
  ASSERT_THAT(Drive(*policy, job, &world, 20), IsOk());
  const std::string before = Save(*policy);
  const auto code = ErrorCode::kInvalidArgument;
  EXPECT_THAT(policy->RegisterJob(ContractJob(), ContractSpace({8, 16, 32, 64})), IsError(code, "registered before"));
  EXPECT_THAT(policy->RegisterJob(ContractJob(), ContractSpace({8, 16, 32, 64, 128}, {Watts(100)})),
              IsError(code, "registered before"));
  EXPECT_EQ(FirstDifference(Save(*policy), before), "");
}

TEST_P(BatchSizePolicyContract, TheDefaultMustBeFeasible) {
  const auto policy = Make();
  EXPECT_THAT(policy->RegisterJob(ContractJob(), ContractSpace({8, 16, 64})),
              IsError(ErrorCode::kInvalidArgument, "8, 16, 64"));
}

TEST_P(BatchSizePolicyContract, AnUnknownJobIsAnError) {
  const auto policy = Make();
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy->RegisterJob(ContractJob(), ContractSpace()));
  const auto unknown = static_cast<JobId>(static_cast<uint32_t>(job) + 1);
  const auto code = ErrorCode::kFailedPrecondition;
  EXPECT_THAT(policy->Predict(unknown), IsError(code, "never registered"));
  EXPECT_THAT(policy->Observe(unknown, {.batch_size = 32, .cost = Joules(1), .reached = true}),
              IsError(code, "never registered"));
}

TEST_P(BatchSizePolicyContract, AnImpossibleObservationIsRefusedAndNothingIsLearned) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const int steps : {0, 4, 40}) {
    const auto policy = Make();
    ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy->RegisterJob(ContractJob(), ContractSpace()));
    ContractWorld world;
    ASSERT_THAT(Drive(*policy, job, &world, steps), IsOk());
    ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal proposal, policy->Predict(job));
    const std::string before = Save(*policy);
    const auto code = ErrorCode::kInvalidArgument;
    for (const double cost : {kNan, kInfinity, -kInfinity, -1.0}) {
      EXPECT_THAT(policy->Observe(job, {.batch_size = proposal.batch_size, .cost = Joules(cost), .reached = true}),
                  IsError(code, "expected a number of 0 or more"))
          << cost;
    }
    EXPECT_THAT(policy->Observe(job, {.batch_size = 33, .cost = Joules(1), .reached = true}),
                IsError(code, "batch size 33"));
    EXPECT_EQ(FirstDifference(Save(*policy), before), "") << "after " << steps << " steps";
    EXPECT_THAT(policy->Observe(job, world.Run(proposal)), IsOk()) << "after " << steps << " steps";
  }
}

}  // namespace zeus::testing
