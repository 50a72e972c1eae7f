#pragma once

#include "zeus/base/units.h"

namespace zeus {

/// What profiling measured at one power limit: the same number of steps at each.
struct PowerLimitMeasurement {
  Watts power_limit;
  Joules energy;  ///< Of all GPUs of all ranks.
  Seconds time;   ///< Of the slowest rank.

  bool operator==(const PowerLimitMeasurement&) const = default;
};

}  // namespace zeus
