#pragma once

#include <optional>
#include <string>

#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/job_table.h"

namespace zeus {

/// Always proposes the same: the job's b0 ("default"), or a given batch size and power limit ("oracle", when somebody
/// knows the best ones). Learns nothing.
class FixedPolicy final : public BatchSizePolicy {
 public:
  /// Proposes b0 of each job.
  FixedPolicy() : name_("default") {}
  FixedPolicy(std::string name, const Proposal& proposal) : name_(std::move(name)), proposal_(proposal) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override;
  Result<Proposal> Predict(JobId job) override;
  Result<void> Observe(JobId job, const Observation& observation) override;
  [[nodiscard]] Result<std::string> SaveBeliefs() const override;
  Result<void> LoadBeliefs(std::string_view json) override;

 private:
  struct Nothing {};

  std::string name_;
  std::optional<Proposal> proposal_;
  JobTable<Nothing> jobs_;
};

}  // namespace zeus
