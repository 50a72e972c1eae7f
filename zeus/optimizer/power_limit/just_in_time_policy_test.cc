#include "zeus/optimizer/power_limit/just_in_time_policy.h"

#include <gmock/gmock.h>

#include "tests/support/batch_size_policy_case.h"

namespace zeus::testing {
namespace {

using ::testing::Optional;

class JustInTimePolicyTest : public ::testing::Test {
 protected:
  void SetUp() override { job_ = *policy_.RegisterJob(ContractJob(), ContractSpace()); }

  Result<void> Tell(int64_t batch_size, double limit, double cost) {
    return policy_.Observe(job_, batch_size, {.power_limit = Watts(limit), .epoch_cost = Joules(cost)});
  }

  std::optional<Watts> Limit(int64_t batch_size) { return *policy_.Predict(job_, batch_size); }

  JustInTimePolicy policy_;
  JobId job_{};
};

TEST_F(JustInTimePolicyTest, AsksForProfilingUntilSomethingIsObserved) {
  EXPECT_EQ(Limit(16), std::nullopt);
  ASSERT_THAT(Tell(16, 200, 50), IsOk());
  EXPECT_EQ(Limit(16), Watts(200));
}

TEST_F(JustInTimePolicyTest, RemembersTheCheapestLimitOfEachBatchSize) {
  ASSERT_THAT(Tell(16, 200, 50), IsOk());
  ASSERT_THAT(Tell(16, 150, 40), IsOk());
  ASSERT_THAT(Tell(16, 100, 45), IsOk());
  ASSERT_THAT(Tell(32, 100, 70), IsOk());
  EXPECT_EQ(Limit(16), Watts(150));
  EXPECT_EQ(Limit(32), Watts(100));
  EXPECT_EQ(Limit(64), std::nullopt);
}

TEST_F(JustInTimePolicyTest, TheFirstObservedWinsATie) {
  ASSERT_THAT(Tell(16, 200, 50), IsOk());
  ASSERT_THAT(Tell(16, 100, 50), IsOk());
  EXPECT_EQ(Limit(16), Watts(200));
}

TEST_F(JustInTimePolicyTest, LimitsNeedNotBeKnownBeforehand) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy_.RegisterJob(ContractJob(0.9), *KnobSpace::OfBatchSizes({16, 32})));
  ASSERT_THAT(policy_.Observe(job, 16, {.power_limit = Watts(123), .epoch_cost = Joules(1)}), IsOk());
  EXPECT_THAT(*policy_.Predict(job, 16), Optional(Watts(123)));
}

// Its own saved beliefs could not be loaded again.
TEST_F(JustInTimePolicyTest, APowerLimitThatIsNotANumberIsRefused) {
  const std::string before = *policy_.SaveBeliefs();
  EXPECT_THAT(Tell(16, std::numeric_limits<double>::quiet_NaN(), 5),
              IsError(ErrorCode::kInvalidArgument, "limit is nan"));
  EXPECT_EQ(*policy_.SaveBeliefs(), before);
}

}  // namespace
}  // namespace zeus::testing
