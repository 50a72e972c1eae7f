#include "zeus/simulator/policy_factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/support/result_matchers.h"
#include "zeus/base/parallel.h"
#include "zeus/optimizer/batch_size/fixed_policy.h"

namespace zeus {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

Result<std::unique_ptr<BatchSizePolicy>> MakeMine(const PolicyOptions&) {
  return std::make_unique<FixedPolicy>("mine", Proposal{.batch_size = 8, .power_limit = {}});
}

// A job with one batch size and one limit: enough for every built-in policy.
JobTrace SmallTrace() {
  return JobTrace{
      .job = {.workload = {"d", "n", "o"},
              .target_metric = 1,
              .max_epochs = 10,
              .default_batch_size = 8,
              .default_learning_rate = {},
              .workdir = {}},
      .max_power = Watts(100),
      .batch_sizes = {{.batch_size = 8, .limits = {{Watts(100), Seconds(1), Watts(90)}}, .target_epochs = {3}}},
      .space = *KnobSpace::Create({{8, {Watts(100)}}})};
}

Result<Policies> Make(const PolicyFactory& factory, const std::string& name) {
  return factory.Make({.batch_size = name}, PolicyOptions{}, SmallTrace(), *CostMetric::Create(0.5, Watts(100)));
}

TEST(PolicyFactoryTest, MakesEveryPolicyThatItNames) {
  const PolicyFactory factory;
  for (const std::string& name : factory.names()) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const Policies policies, Make(factory, name));
    EXPECT_EQ(policies.batch_size->name(), name);
  }
}

TEST(PolicyFactoryTest, AnUnknownNameIsAnsweredWithThoseThereAre) {
  EXPECT_THAT(Make(PolicyFactory(), "best"), IsError(ErrorCode::kInvalidArgument, "named \"best\"; there are: pruned"));
}

TEST(PolicyFactoryTest, MakesARegisteredPolicy) {
  PolicyFactory factory;
  ASSERT_THAT(factory.Register("mine", MakeMine), IsOk());
  EXPECT_THAT(factory.names(), Contains("mine"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const Policies policies, Make(factory, "mine"));
  EXPECT_EQ(policies.batch_size->name(), "mine");
}

TEST(PolicyFactoryTest, RefusesATakenName) {
  PolicyFactory factory;
  ASSERT_THAT(factory.Register("mine", MakeMine), IsOk());
  for (const std::string name : {"mine", "oracle", "grid", "pruned-thompson"}) {
    EXPECT_THAT(factory.Register(name, MakeMine),
                IsError(ErrorCode::kInvalidArgument, "a batch-size policy named \"" + name + "\" already"));
  }
}

TEST(PolicyFactoryTest, RefusesAnEmptyName) {
  PolicyFactory factory;
  EXPECT_THAT(factory.Register("", MakeMine), IsError(ErrorCode::kInvalidArgument, "needs a name"));
  EXPECT_THAT(factory.names(), Not(Contains("")));
}

TEST(PolicyFactoryTest, PassesOnWhyAPolicyWasNotMade) {
  PolicyFactory factory;
  ASSERT_THAT(factory.Register("broken",
                               [](const PolicyOptions&) -> Result<std::unique_ptr<BatchSizePolicy>> {
                                 return Fail(ErrorCode::kInvalidData, "out of luck");
                               }),
              IsOk());
  EXPECT_THAT(Make(factory, "broken"), IsError(ErrorCode::kInvalidData, "out of luck"));
}

TEST(PolicyFactoryTest, MakesPoliciesOnSeveralThreadsAtOnce) {
  PolicyFactory factory;
  ASSERT_THAT(factory.Register("mine", MakeMine), IsOk());
  const std::array<std::string, 4> names = {"mine", "oracle", "grid", "pruned-thompson"};
  std::array<bool, 400> made{};
  ParallelFor(made.size(), 4, [&](size_t i) { made[i] = Make(factory, names[i % names.size()]).has_value(); });
  EXPECT_THAT(made, Not(Contains(false)));
}

}  // namespace
}  // namespace zeus
