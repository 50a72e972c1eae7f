#pragma once

#include <span>

#include "zeus/optimizer/power_limit/power_limit_policy.h"

namespace zeus {

/// Tells the policy what profiling found, then asks it which limit to run at. kFailedPrecondition when it still does
/// not know.
Result<Watts> ObserveProfile(PowerLimitPolicy& policy, JobId job, int64_t batch_size,
                             std::span<const PowerLimitCost> profile);

}  // namespace zeus
