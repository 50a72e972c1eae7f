#pragma once

#include "zeus/optimizer/job_table.h"
#include "zeus/optimizer/power_limit/power_limit_policy.h"

namespace zeus {

/// Always the highest limit: what a GPU does when nobody steers it. Name: "max".
class MaximumPolicy final : public PowerLimitPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "max"; }
  /// kInvalidArgument unless every batch size comes with its power limits.
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override;
  Result<std::optional<Watts>> Predict(JobId job, int64_t batch_size) override;
  Result<void> Observe(JobId job, int64_t batch_size, const PowerLimitCost& observation) override;
  [[nodiscard]] Result<std::string> SaveBeliefs() const override;
  Result<void> LoadBeliefs(std::string_view json) override;

 private:
  struct Nothing {};

  JobTable<Nothing> jobs_;
};

}  // namespace zeus
