#include "examples/custom_policy/halving_policy.h"
#include "tests/support/batch_size_policy_contract.h"

/// The policy of examples/custom_policy is what people copy: it keeps every promise that the built-in ones keep.
namespace zeus::testing {
namespace {

BatchSizePolicyCase Halving(std::string name, size_t window, size_t other_window) {
  const auto make = [](size_t patience) {
    return [patience] { return std::make_unique<custom_policy::HalvingPolicy>(PolicyOptions{.window = patience}); };
  };
  return {.name = std::move(name), .make = make(window), .make_with_other_options = make(other_window)};
}

INSTANTIATE_TEST_SUITE_P(Example, BatchSizePolicyContract,
                         ::testing::Values(Halving("Halving", 0, 6), Halving("HalvingWithWindow", 2, 0)), CaseName);

TEST(HalvingPolicyTest, PlaysAgainWhenTheWinnerMissesTheTarget) {
  custom_policy::HalvingPolicy policy(PolicyOptions{});
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), ContractSpace()));
  ContractWorld world;
  ASSERT_THAT(Drive(policy, job, &world, 40), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal winner, policy.Predict(job));
  EXPECT_EQ(winner.batch_size, 16);
  ASSERT_THAT(policy.Observe(job, {.batch_size = 16, .cost = Joules(1000), .reached = false}), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Proposal> again, Drive(policy, job, &world, 5));
  EXPECT_EQ(ToText(again), "32 8 16 64 128 ");
}

TEST(HalvingPolicyTest, PlaysAgainWhenTheWinnerGrowsExpensive) {
  custom_policy::HalvingPolicy policy(PolicyOptions{.window = 3});
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId job, policy.RegisterJob(ContractJob(), ContractSpace()));
  ContractWorld world;
  ASSERT_THAT(Drive(policy, job, &world, 40), IsOk());
  for (int i = 0; i < 3; ++i) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal winner, policy.Predict(job));
    EXPECT_EQ(winner.batch_size, 16);
    ASSERT_THAT(policy.Observe(job, {.batch_size = 16, .cost = Joules(1300), .reached = true}), IsOk());
  }
  ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal first, policy.Predict(job));
  EXPECT_EQ(first.batch_size, 32);
}

}  // namespace
}  // namespace zeus::testing
