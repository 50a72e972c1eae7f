#pragma once

#include <optional>
#include <vector>

#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/job_beliefs.h"
#include "zeus/optimizer/job_table.h"
#include "zeus/optimizer/policy_options.h"

namespace zeus {

/// Believes in a convex curve of epochs over the batch size, and tries a size when what the run would teach is worth
/// its price. Draws no random numbers. Name: "knowledge-gradient". docs/policies.md gives the method and its sources.
///
/// While runs are under way, one at most of them is a trial; the others are at the incumbent.
///
/// Without concurrency, a result that was not asked for is kFailedPrecondition; with it, one of a size that was never
/// proposed.
class KnowledgeGradientPolicy final : public BatchSizePolicy {
 public:
  explicit KnowledgeGradientPolicy(const PolicyOptions& options, const knowledge_gradient::Settings& settings = {})
      : options_(options), settings_(settings) {}

  [[nodiscard]] std::string_view name() const override { return "knowledge-gradient"; }
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override;
  Result<Proposal> Predict(JobId job) override;
  Result<std::optional<Proposal>> PredictConcurrent(JobId job) override;
  Result<void> Observe(JobId job, const Observation& observation) override;
  [[nodiscard]] Result<std::string> SaveBeliefs() const override;
  Result<void> LoadBeliefs(std::string_view json) override;
  [[nodiscard]] Result<std::optional<PolicyExplanation>> Explain(JobId job) const override;

  /// What is believed of a job; valid until the next call.
  [[nodiscard]] Result<const knowledge_gradient::JobBeliefs*> Beliefs(JobId job) const;

  struct JobState {
    knowledge_gradient::JobBeliefs beliefs;
    std::optional<size_t> awaited;  ///< The size that was proposed last, until its result is there.
    std::vector<bool> proposed;     ///< Which sizes ever were.
    std::vector<double> caps;       ///< J; what the size's latest run may cost, if it was proposed.
    std::optional<size_t> trial;    ///< The size of the trial that is under way.
  };

 private:
  [[nodiscard]] JobState NewState(const JobIdentity& job, const KnobSpace& space) const;

  PolicyOptions options_;
  knowledge_gradient::Settings settings_;
  JobTable<JobState> jobs_;
};

}  // namespace zeus
