#include <gmock/gmock.h>

#include <limits>
#include <memory>

#include "tests/support/batch_size_policy_case.h"
#include "tests/support/damaged_json.h"
#include "tests/support/first_difference.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"

// What every power-limit policy promises (see power_limit_policy.h), for all that there are.
namespace zeus::testing {
namespace {

class PowerLimitPolicyContract : public ::testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override { job_ = *policy_->RegisterJob(ContractJob(), ContractSpace()); }

  static std::unique_ptr<PowerLimitPolicy> Make() { return *MakePowerLimitPolicy(GetParam()); }

  // Profiles two batch sizes, limits from high to low.
  void Learn() {
    for (const int64_t batch_size : {16, 64}) {
      for (const double limit : {200.0, 150.0, 100.0}) {
        const PowerLimitCost cost{.power_limit = Watts(limit), .epoch_cost = Joules(50 + 10 * std::abs(limit - 150))};
        ASSERT_THAT(policy_->Observe(job_, batch_size, cost), IsOk());
      }
    }
  }

  std::unique_ptr<PowerLimitPolicy> policy_ = Make();
  JobId job_{};
};

TEST_P(PowerLimitPolicyContract, RegisteringAgainKeepsWhatWasLearned) {
  Learn();
  const std::string before = *policy_->SaveBeliefs();
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId again, policy_->RegisterJob(ContractJob(), ContractSpace()));
  EXPECT_EQ(again, job_);
  EXPECT_THAT(policy_->RegisterJob(ContractJob(), ContractSpace({16, 32})),
              IsError(ErrorCode::kInvalidArgument, "registered before"));
  EXPECT_THAT(policy_->RegisterJob(ContractJob(0.9), ContractSpace({8, 16})),
              IsError(ErrorCode::kInvalidArgument, "8, 16"));
  EXPECT_EQ(FirstDifference(*policy_->SaveBeliefs(), before), "");
}

TEST_P(PowerLimitPolicyContract, AnUnknownJobOrBatchSizeIsAnError) {
  const auto unknown = static_cast<JobId>(7);
  const PowerLimitCost cost{.power_limit = Watts(100), .epoch_cost = Joules(5)};
  EXPECT_THAT(policy_->Predict(unknown, 16), IsError(ErrorCode::kFailedPrecondition, "never registered"));
  EXPECT_THAT(policy_->Observe(unknown, 16, cost), IsError(ErrorCode::kFailedPrecondition, "never registered"));
  EXPECT_THAT(policy_->Predict(job_, 17), IsError(ErrorCode::kInvalidArgument, "batch size 17"));
  EXPECT_THAT(policy_->Observe(job_, 17, cost), IsError(ErrorCode::kInvalidArgument, "batch size 17"));
}

TEST_P(PowerLimitPolicyContract, AnImpossibleCostIsRefusedAndNothingIsLearned) {
  Learn();
  const std::string before = *policy_->SaveBeliefs();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double cost : {std::numeric_limits<double>::quiet_NaN(), infinity, -infinity, -1.0}) {
    EXPECT_THAT(policy_->Observe(job_, 16, {.power_limit = Watts(100), .epoch_cost = Joules(cost)}),
                IsError(ErrorCode::kInvalidArgument, "expected a number of 0 or more"))
        << cost;
  }
  EXPECT_EQ(FirstDifference(*policy_->SaveBeliefs(), before), "");
}

TEST_P(PowerLimitPolicyContract, SavedBeliefsContinueAsIfNothingHadHappened) {
  Learn();
  const auto loaded = Make();
  ASSERT_THAT(loaded->LoadBeliefs(*policy_->SaveBeliefs()), IsOk());
  EXPECT_EQ(FirstDifference(*loaded->SaveBeliefs(), *policy_->SaveBeliefs()), "");
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, loaded->RegisterJob(ContractJob(), ContractSpace()));
  for (const int64_t batch_size : ContractSpace().batch_sizes()) {
    EXPECT_EQ(*loaded->Predict(job, batch_size), *policy_->Predict(job_, batch_size)) << batch_size;
  }
}

TEST_P(PowerLimitPolicyContract, DamagedBeliefsAreRefused) {
  Learn();
  const std::string intact = *policy_->SaveBeliefs();
  const auto other = Make();
  ASSERT_THAT(other->RegisterJob(ContractJob(0.7), ContractSpace()), IsOk());
  const std::string before = *other->SaveBeliefs();
  for (const std::string& text : Truncations(intact)) {
    EXPECT_FALSE(other->LoadBeliefs(text)) << text.size() << " bytes";
    EXPECT_EQ(FirstDifference(*other->SaveBeliefs(), before), "") << text.size() << " bytes";
  }
  std::vector<Damage> damages = WithoutEachField(intact);
  for (Damage& damage : WithEachFieldReplaced(intact, nlohmann::ordered_json::parse(R"({"a": [true]})"))) {
    damages.push_back(std::move(damage));
  }
  for (const Damage& damage : damages) {
    const auto loader = Make();
    const Result<void> loaded = loader->LoadBeliefs(damage.text);
    const std::string after = *loader->SaveBeliefs();
    if (loaded) {
      EXPECT_EQ(FirstDifference(after, intact), "") << damage.path << " was changed, and the beliefs were loaded";
    } else {
      EXPECT_THAT(loaded, IsError(ErrorCode::kInvalidData, damage.field));
      EXPECT_EQ(FirstDifference(after, *Make()->SaveBeliefs()), "") << damage.path;
    }
  }
}

TEST_P(PowerLimitPolicyContract, BeliefsOfAnotherVersionOrPolicyAreRefused) {
  const std::string before = *policy_->SaveBeliefs();
  for (const char* const name : {"format", "version", "policy", "options"}) {
    auto document = nlohmann::ordered_json::parse(before);
    document[name] = document[name].is_number() ? nlohmann::ordered_json(2) : "somebody-else";
    EXPECT_THAT(policy_->LoadBeliefs(document.dump()), IsError(ErrorCode::kInvalidData, name));
    EXPECT_EQ(FirstDifference(*policy_->SaveBeliefs(), before), "");
  }
}

TEST_P(PowerLimitPolicyContract, BeliefsWithImpossibleNumbersAreRefused) {
  Learn();
  const std::string intact = *policy_->SaveBeliefs();
  for (const char* const value : {"\"nan\"", "\"-inf\"", "-1"}) {
    for (const Damage& damage : WithEachFieldReplaced(intact, nlohmann::ordered_json::parse(value))) {
      if (damage.field != "epoch_cost_J" && (damage.field != "power_limit_W" || value[0] == '-')) continue;
      EXPECT_THAT(policy_->LoadBeliefs(damage.text), IsError(ErrorCode::kInvalidData, damage.field)) << value;
      EXPECT_EQ(FirstDifference(*policy_->SaveBeliefs(), intact), "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, PowerLimitPolicyContract, ::testing::ValuesIn(PowerLimitPolicyNames()),
                         [](const auto& param_info) { return std::string(param_info.param); });

}  // namespace
}  // namespace zeus::testing
