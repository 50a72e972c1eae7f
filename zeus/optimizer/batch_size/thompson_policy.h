#pragma once

#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/batch_size/gaussian_thompson_sampling.h"
#include "zeus/optimizer/job_table.h"
#include "zeus/optimizer/policy_options.h"

namespace zeus {

/// Plain Gaussian Thompson sampling: one bandit a job over all its batch sizes, without exploration before it. Name:
/// "thompson". Failed tries count with what they cost.
class ThompsonPolicy final : public BatchSizePolicy {
 public:
  explicit ThompsonPolicy(const PolicyOptions& options, const BanditOptions& bandit = {})
      : options_(options), bandit_options_(bandit) {}

  [[nodiscard]] std::string_view name() const override { return "thompson"; }
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override;
  Result<Proposal> Predict(JobId job) override;
  Result<void> Observe(JobId job, const Observation& observation) override;
  [[nodiscard]] Result<std::string> SaveBeliefs() const override;
  Result<void> LoadBeliefs(std::string_view json) override;
  [[nodiscard]] Result<std::optional<PolicyExplanation>> Explain(JobId job) const override;

 private:
  PolicyOptions options_;
  BanditOptions bandit_options_;
  JobTable<GaussianThompsonSampling> jobs_;
};

}  // namespace zeus
