#include "zeus/optimizer/power_limit/make_power_limit_policy.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

TEST(MakePowerLimitPolicyTest, MakesEveryPolicyItNames) {
  for (const std::string_view name : PowerLimitPolicyNames()) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto policy, MakePowerLimitPolicy(name));
    EXPECT_EQ(policy->name(), name);
  }
  EXPECT_THAT(PowerLimitPolicyNames(), ::testing::Contains(kDefaultPowerLimitPolicy));
}

TEST(MakePowerLimitPolicyTest, AnUnknownNameListsWhatThereIs) {
  EXPECT_THAT(MakePowerLimitPolicy("min"), IsError(ErrorCode::kInvalidArgument, "\"min\"; there are: jit, max"));
}

}  // namespace
}  // namespace zeus
