#pragma once

#include <optional>
#include <vector>

#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/batch_size/gaussian_thompson_sampling.h"
#include "zeus/optimizer/batch_size/pruning_exploration.h"
#include "zeus/optimizer/job_table.h"
#include "zeus/optimizer/policy_options.h"

namespace zeus {

/// The paper's policy and the default: pruning exploration first, then a Thompson sampling bandit over the survivors,
/// whose reward precision is learned for each arm. Name: "pruned-thompson". Source: Zeus (NSDI'23), section 4.
///
/// With concurrency, a result that was not asked for, or is of another batch size than exploration waits for, counts as
/// a reward only; without, it is an error.
class PrunedThompsonPolicy final : public BatchSizePolicy {
 public:
  /// `prior`: what is believed of an arm's mean reward before any.
  explicit PrunedThompsonPolicy(const PolicyOptions& options, const GaussianBelief& prior = {})
      : options_(options), bandit_options_{.prior = prior} {}

  [[nodiscard]] std::string_view name() const override { return "pruned-thompson"; }
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override;
  Result<Proposal> Predict(JobId job) override;
  Result<void> Observe(JobId job, const Observation& observation) override;
  [[nodiscard]] Result<std::string> SaveBeliefs() const override;
  Result<void> LoadBeliefs(std::string_view json) override;
  [[nodiscard]] Result<std::optional<PolicyExplanation>> Explain(JobId job) const override;

  /// Whether the job's next proposal is still exploration's.
  [[nodiscard]] Result<bool> IsExploring(JobId job) const;

  /// What is kept for a job: first the exploration and every batch size's rewards, then the bandit that took them over.
  struct JobState {
    PruningExploration exploration;
    bool awaiting = false;            ///< Whether exploration's next batch size was proposed and has not come back.
    std::vector<ArmRewards> rewards;  ///< One a feasible batch size; the survivors' move into the bandit.
    std::optional<GaussianThompsonSampling> bandit;
  };

 private:
  Result<void> StartBandit(JobTable<JobState>::Entry* entry) const;

  PolicyOptions options_;
  BanditOptions bandit_options_;
  JobTable<JobState> jobs_;
};

}  // namespace zeus
