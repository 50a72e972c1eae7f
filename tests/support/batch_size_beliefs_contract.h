#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/batch_size_policy_case.h"
#include "tests/support/damaged_json.h"
#include "tests/support/first_difference.h"

/// The part of the contract of batch-size policies about saved beliefs; see batch_size_policy_contract.h. How a
/// document is damaged on purpose is told by its JSON; a policy that saves something else skips those tests.
namespace zeus::testing {

/// Loads a damaged document into a policy that has learned something. It must be refused with an error that names the
/// place and leave the policy as it was; or the damage changed nothing that is read, and what was loaded is `intact`.
inline void ExpectRefusedOrHarmless(BatchSizePolicy& policy, const Damage& damage, const std::string& intact) {
  const Result<std::string> before = policy.SaveBeliefs();
  ASSERT_THAT(before, IsOk());
  const Result<void> loaded = policy.LoadBeliefs(damage.text);
  const Result<std::string> after = policy.SaveBeliefs();
  ASSERT_THAT(after, IsOk());
  if (loaded) {
    EXPECT_EQ(FirstDifference(*after, intact), "")
        << damage.path << " was changed, and the beliefs were loaded all the same";
    return;
  }
  EXPECT_EQ(FirstDifference(*after, *before), "") << damage.path << ": a failed load left something behind";
  const std::string& message = loaded.error().message;
  EXPECT_TRUE(message.find(damage.field) != std::string::npos ||
              (!damage.parent.empty() && message.find(damage.parent) != std::string::npos))
      << "\"" << message << "\" does not name " << damage.path;
}

#define ZEUS_SKIP_UNLESS_JSON(beliefs) \
  if (!nlohmann::ordered_json::accept(beliefs)) GTEST_SKIP() << "this policy's beliefs are not JSON"

TEST_P(BatchSizePolicyContract, SavedBeliefsContinueAsIfNothingHadHappened) {
  for (const int steps : {0, 1, 2, 3, 5, 8, 13, 14, 21, 34, 89}) {
    const auto first = Make();
    ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, first->RegisterJob(ContractJob(), ContractSpace()));
    ContractWorld world;
    ASSERT_THAT(Drive(*first, job, &world, steps), IsOk());
    const std::string saved = Save(*first);
    ContractWorld same_world = world;

    const auto second = Make();
    ASSERT_THAT(second->LoadBeliefs(saved), IsOk());
    EXPECT_EQ(FirstDifference(Save(*second), saved), "");
    ZEUS_ASSERT_OK_AND_ASSIGN(const JobId same_job, second->RegisterJob(ContractJob(), ContractSpace()));
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Proposal> expected, Drive(*first, job, &world, 100));
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Proposal> continued, Drive(*second, same_job, &same_world, 100));
    EXPECT_EQ(ToText(continued), ToText(expected)) << "saved after " << steps << " steps";
    EXPECT_EQ(FirstDifference(Save(*second), Save(*first)), "") << "saved after " << steps << " steps";
  }
}

TEST_P(BatchSizePolicyContract, BeliefsSavedBetweenAProposalAndItsResultContinue) {
  for (const int steps : {0, 3, 40}) {
    const auto first = Make();
    ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, first->RegisterJob(ContractJob(), ContractSpace()));
    ContractWorld world;
    ASSERT_THAT(Drive(*first, job, &world, steps), IsOk());
    ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal proposal, first->Predict(job));
    const auto second = Make();
    ASSERT_THAT(second->LoadBeliefs(Save(*first)), IsOk());
    const Observation observation = world.Run(proposal);
    ASSERT_THAT(first->Observe(job, observation), IsOk());
    ASSERT_THAT(second->Observe(job, observation), IsOk());
    EXPECT_EQ(FirstDifference(Save(*second), Save(*first)), "") << "saved after " << steps << " steps";
  }
}

TEST_P(BatchSizePolicyContract, TruncatedBeliefsAreRefused) {
  const auto policy = Make();
  ASSERT_THAT(policy->RegisterJob(ContractJob(), ContractSpace()), IsOk());
  const std::string before = Save(*policy);
  for (const std::string& text : Truncations(BeliefsAfter(40))) {
    EXPECT_FALSE(policy->LoadBeliefs(text)) << text.size() << " bytes";
    EXPECT_EQ(FirstDifference(Save(*policy), before), "") << text.size() << " bytes";
  }
}

TEST_P(BatchSizePolicyContract, BeliefsOfAnotherVersionPolicyOrOptionsAreRefused) {
  const auto policy = Make();
  ASSERT_THAT(policy->RegisterJob(ContractJob(), ContractSpace()), IsOk());
  const std::string before = Save(*policy);
  ZEUS_SKIP_UNLESS_JSON(before);
  for (const char* const name : {"format", "version", "policy"}) {
    auto document = nlohmann::ordered_json::parse(BeliefsAfter(10));
    if (!document.contains(name)) GTEST_SKIP() << "this policy's beliefs have a frame of their own";
    document[name] = document[name].is_number() ? nlohmann::ordered_json(12345) : "somebody-else";
    EXPECT_THAT(policy->LoadBeliefs(document.dump()), IsError(ErrorCode::kInvalidData, name));
    EXPECT_EQ(FirstDifference(Save(*policy), before), "");
  }
  if (!GetParam().make_with_other_options) return;
  const auto other = GetParam().make_with_other_options();
  ASSERT_THAT(other->RegisterJob(ContractJob(), ContractSpace()), IsOk());
  EXPECT_THAT(policy->LoadBeliefs(Save(*other)), IsError(ErrorCode::kInvalidData, "options"));
  EXPECT_EQ(FirstDifference(Save(*policy), before), "");
}

TEST_P(BatchSizePolicyContract, BeliefsWhoseFieldsComeInAnotherOrderAreTheSame) {
  const std::string intact = BeliefsAfter(20);
  ZEUS_SKIP_UNLESS_JSON(intact);
  const std::string sorted = nlohmann::json::parse(intact).dump();
  const auto policy = Make();
  ASSERT_THAT(policy->LoadBeliefs(sorted), IsOk());
  EXPECT_EQ(FirstDifference(Save(*policy), intact), "");
}

TEST_P(BatchSizePolicyContract, BeliefsWithoutAFieldAreRefused) {
  for (const int steps : {0, 2, 7, 40}) {
    const std::string intact = BeliefsAfter(steps);
    ZEUS_SKIP_UNLESS_JSON(intact);
    for (const Damage& damage : WithoutEachField(intact)) {
      const auto policy = Make();
      ASSERT_THAT(policy->RegisterJob(ContractJob(0.7), ContractSpace()), IsOk());
      ExpectRefusedOrHarmless(*policy, damage, intact);
    }
  }
}

TEST_P(BatchSizePolicyContract, BeliefsWithAFieldOfAnotherTypeAreRefused) {
  for (const int steps : {0, 2, 7, 40}) {
    const std::string intact = BeliefsAfter(steps);
    ZEUS_SKIP_UNLESS_JSON(intact);
    for (const char* const value : {"{}", "[true]", "\"text\"", "-7.5", "null"}) {
      for (const Damage& damage : WithEachFieldReplaced(intact, nlohmann::ordered_json::parse(value))) {
        // A number in a number's place and a text in a text's are other beliefs, not damaged ones.
        const auto replacement = nlohmann::ordered_json::parse(value);
        if ((damage.original.is_number() || damage.original.is_null()) && replacement.is_number()) continue;
        if (damage.original.is_string() && replacement.is_string()) continue;
        const auto policy = Make();
        ASSERT_THAT(policy->RegisterJob(ContractJob(0.7), ContractSpace()), IsOk());
        ExpectRefusedOrHarmless(*policy, damage, intact);
      }
    }
  }
}

TEST_P(BatchSizePolicyContract, WhateverBeliefsLoadTheProposalsAreFeasible) {
  const KnobSpace space = ContractSpace();
  for (const int steps : {0, 2, 7, 40}) {
    const std::string intact = BeliefsAfter(steps);
    ZEUS_SKIP_UNLESS_JSON(intact);
    for (const char* const value : {"-1", "0", "1", "9", "32", "128", "4097", "1e300", "\"nan\"", "\"-inf\"", "true",
                                    "false", "9223372036854775807", "18446744073709551615", "[]", "[8, 8]", "[33]"}) {
      for (const Damage& damage : WithEachFieldReplaced(intact, nlohmann::ordered_json::parse(value))) {
        const auto policy = Make();
        if (!policy->LoadBeliefs(damage.text)) continue;
        const Result<JobId> job = policy->RegisterJob(ContractJob(), space);
        if (!job) continue;
        ContractWorld world;
        for (int step = 0; step < 30; ++step) {
          const Result<Proposal> proposal = policy->Predict(*job);
          if (!proposal) break;
          const auto position = space.Find(proposal->batch_size);
          ASSERT_TRUE(position) << damage.path << " = " << value << " made it propose " << proposal->batch_size;
          if (proposal->power_limit) {
            ASSERT_THAT(space.choices()[*position].power_limits, ::testing::Contains(*proposal->power_limit))
                << damage.path << " = " << value;
          }
          if (!policy->Observe(*job, world.Run(*proposal))) break;
        }
      }
    }
  }
}

}  // namespace zeus::testing
