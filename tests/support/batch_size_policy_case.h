#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/numpy_generator.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"

/// What the contract suite of batch-size policies is run on, and the small world it runs them in.
namespace zeus::testing {

/// One policy to hold to the contract.
struct BatchSizePolicyCase {
  std::string name;  ///< Of the test case: letters and digits.
  std::function<std::unique_ptr<BatchSizePolicy>()> make;
  /// The same policy with options under which saved beliefs mean something else; absent when it has none.
  std::function<std::unique_ptr<BatchSizePolicy>()> make_with_other_options = {};
};

inline void PrintTo(const BatchSizePolicyCase& policy_case, std::ostream* out) {
  *out << policy_case.name;
}

inline std::string CaseName(const ::testing::TestParamInfo<BatchSizePolicyCase>& info) {
  return info.param.name;
}

inline JobIdentity ContractJob(double target_metric = 0.5) {
  return {.workload = {.dataset = "pictures", .network = "small", .optimizer = "adam"},
          .target_metric = target_metric,
          .max_epochs = 10,
          .default_batch_size = 32,
          .default_learning_rate = {},
          .workdir = "/somewhere"};
}

inline KnobSpace ContractSpace(const std::vector<int64_t>& batch_sizes = {8, 16, 32, 64, 128},
                               const std::vector<Watts>& power_limits = {Watts(100), Watts(150), Watts(200)}) {
  std::vector<BatchSizeChoice> choices;
  for (const int64_t batch_size : batch_sizes) choices.push_back({batch_size, power_limits});
  return *KnobSpace::Create(std::move(choices));
}

/// A job whose cost is least at batch size 16, with noise; at batch size 128 it never reaches its target. A value:
/// copying it copies its future.
class ContractWorld {
 public:
  Observation Run(const Proposal& proposal) {
    const double distance = std::abs(std::log2(static_cast<double>(proposal.batch_size) / 16));
    return {.batch_size = proposal.batch_size,
            .cost = Joules(1000 + 50 * distance + 40 * noise_.NextDouble()),
            .reached = proposal.batch_size != 128};
  }

 private:
  NumpyGenerator noise_{20230417};
};

/// Lets the policy decide `steps` times; the proposals, or the first error.
inline Result<std::vector<Proposal>> Drive(BatchSizePolicy& policy, JobId job, ContractWorld* world, int steps) {
  std::vector<Proposal> proposals;
  for (int step = 0; step < steps; ++step) {
    ZEUS_ASSIGN_OR_RETURN(const Proposal proposal, policy.Predict(job));
    proposals.push_back(proposal);
    ZEUS_RETURN_IF_ERROR(policy.Observe(job, world->Run(proposal)));
  }
  return proposals;
}

/// "16@150W 32 ...", to compare and to print.
inline std::string ToText(const std::vector<Proposal>& proposals) {
  std::string text;
  for (const Proposal& proposal : proposals) {
    text.append(std::to_string(proposal.batch_size));
    if (proposal.power_limit) text.append("@").append(std::to_string(proposal.power_limit->value())).append("W");
    text.append(" ");
  }
  return text;
}

class BatchSizePolicyContract : public ::testing::TestWithParam<BatchSizePolicyCase> {
 protected:
  static std::unique_ptr<BatchSizePolicy> Make() { return GetParam().make(); }

  static std::string Save(const BatchSizePolicy& policy) {
    const Result<std::string> beliefs = policy.SaveBeliefs();
    if (beliefs) return *beliefs;
    ADD_FAILURE() << "cannot save beliefs: " << beliefs.error().message;
    return {};
  }

  /// Beliefs after `steps` decisions about the contract's job.
  static std::string BeliefsAfter(int steps) {
    const auto policy = Make();
    const Result<JobId> job = policy->RegisterJob(ContractJob(), ContractSpace());
    EXPECT_THAT(job, IsOk());
    if (!job) return {};
    ContractWorld world;
    EXPECT_THAT(Drive(*policy, *job, &world, steps), IsOk());
    return Save(*policy);
  }
};

}  // namespace zeus::testing
