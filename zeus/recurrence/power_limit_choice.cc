#include "zeus/recurrence/power_limit_choice.h"

#include <fmt/format.h>

namespace zeus {

Result<Watts> ObserveProfile(PowerLimitPolicy& policy, JobId job, int64_t batch_size,
                             std::span<const PowerLimitCost> profile) {
  for (const PowerLimitCost& cost : profile) ZEUS_RETURN_IF_ERROR(policy.Observe(job, batch_size, cost));
  ZEUS_ASSIGN_OR_RETURN(const std::optional<Watts> limit, policy.Predict(job, batch_size));
  if (limit) return *limit;
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("the power-limit policy \"{}\" asks for profiling again after profiling batch size {}",
                          policy.name(), batch_size));
}

}  // namespace zeus
