#include "tests/support/batch_size_policy_contract.h"

#include "zeus/optimizer/batch_size/fixed_policy.h"
#include "zeus/optimizer/batch_size/grid_policy.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/knowledge_gradient_policy.h"
#include "zeus/optimizer/batch_size/pruned_thompson_policy.h"
#include "zeus/optimizer/batch_size/thompson_policy.h"

namespace zeus::testing {
namespace {

template <class Policy>
BatchSizePolicyCase Case(std::string name, const PolicyOptions& options, const PolicyOptions& other) {
  return {.name = std::move(name),
          .make = [options] { return std::make_unique<Policy>(options); },
          .make_with_other_options = [other] { return std::make_unique<Policy>(other); }};
}

BatchSizePolicyCase ThompsonWithKnownPrecision() {
  const BanditOptions bandit{
      .prior = {.mean = -1000, .precision = 0.01}, .num_exploration = 3, .reward_precision = 0.5};
  BanditOptions other = bandit;
  other.prior.mean = -2000;
  return {
      .name = "ThompsonWithKnownPrecision",
      .make = [bandit] { return std::make_unique<ThompsonPolicy>(PolicyOptions{.seed = 9}, bandit); },
      .make_with_other_options = [other] { return std::make_unique<ThompsonPolicy>(PolicyOptions{.seed = 9}, other); }};
}

INSTANTIATE_TEST_SUITE_P(
    BuiltIn, BatchSizePolicyContract,
    ::testing::Values(
        Case<PrunedThompsonPolicy>("PrunedThompson", {.seed = 1}, {.seed = 2}),
        Case<PrunedThompsonPolicy>("PrunedThompsonWithWindow", {.seed = 3, .window = 3}, {.seed = 3, .window = 4}),
        Case<PrunedThompsonPolicy>("PrunedThompsonConcurrent", {.seed = 4, .concurrency = Concurrency::kOn},
                                   {.seed = 4, .concurrency = Concurrency::kOff}),
        Case<ThompsonPolicy>("Thompson", {.seed = 5}, {.seed = 6}),
        Case<ThompsonPolicy>("ThompsonWithWindow", {.seed = 7, .window = 2}, {.seed = 7, .window = 0}),
        ThompsonWithKnownPrecision(), Case<KnowledgeGradientPolicy>("KnowledgeGradient", {.beta = 2}, {.beta = 3}),
        Case<KnowledgeGradientPolicy>("KnowledgeGradientConcurrent", {.concurrency = Concurrency::kOn},
                                      {.concurrency = Concurrency::kOff}),
        BatchSizePolicyCase{.name = "Default", .make = [] { return std::make_unique<FixedPolicy>(); }},
        BatchSizePolicyCase{.name = "Oracle",
                            .make =
                                [] {
                                  const Proposal best{.batch_size = 16, .power_limit = Watts(150)};
                                  return std::make_unique<FixedPolicy>("oracle", best);
                                }},
        BatchSizePolicyCase{.name = "Grid", .make = [] { return std::make_unique<GridPolicy>(); }}),
    CaseName);

}  // namespace
}  // namespace zeus::testing
