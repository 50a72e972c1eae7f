#include "zeus/optimizer/power_limit/maximum_policy.h"

#include <gmock/gmock.h>

#include "tests/support/batch_size_policy_case.h"

namespace zeus::testing {
namespace {

using ::testing::Optional;

TEST(MaximumPolicyTest, IsAlwaysTheBatchSizesHighestLimit) {
  MaximumPolicy policy;
  ZEUS_ASSERT_OK_AND_ASSIGN(const KnobSpace space,
                            KnobSpace::Create({{16, {Watts(300), Watts(100)}}, {32, {Watts(100), Watts(250)}}}));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), space));
  EXPECT_THAT(*policy.Predict(job, 16), Optional(Watts(300)));
  ASSERT_THAT(policy.Observe(job, 16, {.power_limit = Watts(100), .epoch_cost = Joules(1)}), IsOk());
  EXPECT_THAT(*policy.Predict(job, 16), Optional(Watts(300)));
  EXPECT_THAT(*policy.Predict(job, 32), Optional(Watts(250)));
}

TEST(MaximumPolicyTest, MustKnowThePowerLimitsBeforehand) {
  MaximumPolicy policy;
  EXPECT_THAT(policy.RegisterJob(ContractJob(), *KnobSpace::OfBatchSizes({32})),
              IsError(ErrorCode::kInvalidArgument, "batch size 32 has none"));
}

}  // namespace
}  // namespace zeus::testing
