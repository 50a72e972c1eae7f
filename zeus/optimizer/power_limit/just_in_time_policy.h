#pragma once

#include <optional>
#include <vector>

#include "zeus/optimizer/job_table.h"
#include "zeus/optimizer/power_limit/power_limit_policy.h"

namespace zeus {

/// Just-in-time profiling's choice for one batch size: keeps the cheapest limit; the first observed wins a tie. Errors
/// of CheckPowerLimitCost.
Result<void> KeepCheapest(const PowerLimitCost& observation, std::optional<PowerLimitCost>* best);

/// Has each batch size's power limits profiled once, inside the first epoch it runs, and then runs at the limit with
/// the lowest epoch cost; the first observed wins a tie. Name: "jit". Source: Zeus (NSDI'23), section 4.2.
class JustInTimePolicy final : public PowerLimitPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "jit"; }
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override;
  Result<std::optional<Watts>> Predict(JobId job, int64_t batch_size) override;
  Result<void> Observe(JobId job, int64_t batch_size, const PowerLimitCost& observation) override;
  [[nodiscard]] Result<std::string> SaveBeliefs() const override;
  Result<void> LoadBeliefs(std::string_view json) override;

 private:
  using Best = std::vector<std::optional<PowerLimitCost>>;  // One a feasible batch size.

  JobTable<Best> jobs_;
};

}  // namespace zeus
