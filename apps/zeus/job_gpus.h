#pragma once

#include <cstdint>
#include <string>

#include "apps/zeus/console.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/inventory.h"

namespace zeus {

/// The GPUs that a training command will see.
struct JobGpus {
  std::string name;  ///< Of the first.
  int64_t count = 1;
  Watts largest_limit;  ///< Of one.
  Watts max_power;      ///< Of all: the largest limit times their number.
};

/// kFailedPrecondition when there is none; errors of a GPU that does not tell its power limits, naming it.
Result<JobGpus> ReadJobGpus(const DeviceInventory& inventory);

/// Puts back what a process that was killed changed about GPUs, before anything is measured, and tells of it.
void RestoreWhatWasLeft(const DeviceInventory& inventory, const Console& console);

}  // namespace zeus
