#include "zeus/optimizer/power_limit/check_power_limit_cost.h"

#include <fmt/format.h>

#include <cmath>

namespace zeus {

Result<void> CheckPowerLimitCost(const PowerLimitCost& observation) {
  const double limit = observation.power_limit.value();
  if (!std::isfinite(limit)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("the power limit is {} W: expected a number", limit));
  }
  const double cost = observation.epoch_cost.value();
  if (!std::isfinite(cost) || cost < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the epoch cost at power limit {} W is {} J: expected a number of 0 or more", limit, cost));
  }
  return {};
}

}  // namespace zeus
