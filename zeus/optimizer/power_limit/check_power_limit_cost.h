#pragma once

#include "zeus/base/result.h"
#include "zeus/job/outcome.h"

namespace zeus {

/// kInvalidArgument for a limit that is not a number, or a cost that is negative or not a number; a policy checks this
/// before it changes any belief.
Result<void> CheckPowerLimitCost(const PowerLimitCost& observation);

}  // namespace zeus
