#include "zeus/optimizer/batch_size/make_batch_size_policy.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

TEST(MakeBatchSizePolicyTest, MakesEveryPolicyItNames) {
  for (const std::string_view name : BatchSizePolicyNames()) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto policy, MakeBatchSizePolicy(name, {}));
    EXPECT_EQ(policy->name(), name);
  }
  EXPECT_THAT(BatchSizePolicyNames(), ::testing::Contains(kDefaultBatchSizePolicy));
}

TEST(MakeBatchSizePolicyTest, AnUnknownNameListsWhatThereIs) {
  EXPECT_THAT(MakeBatchSizePolicy("best", {}),
              IsError(ErrorCode::kInvalidArgument, "\"best\"; there are: pruned-thompson, thompson, default, grid"));
}

}  // namespace
}  // namespace zeus
