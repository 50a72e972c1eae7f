#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "zeus/base/result.h"
#include "zeus/optimizer/power_limit/power_limit_measurement.h"

namespace zeus {

/// Chooses one of the limits that were measured, in the order they were. kInvalidArgument for an empty list. Ties go to
/// the first; of a limit that is there twice, the last measurement counts, in the first's place.
using PowerLimitSelector = std::function<Result<Watts>(std::span<const PowerLimitMeasurement>)>;

/// The least energy.
PowerLimitSelector SelectLeastEnergy();
/// The least time.
PowerLimitSelector SelectLeastTime();
/// The least cost: eta * energy + (1 - eta) * MaxPower * time, MaxPower being the highest measured limit times the
/// number of GPUs. kInvalidArgument for eta outside [0, 1] or no GPU. Source: Zeus (NSDI'23), equation 2.
Result<PowerLimitSelector> SelectLeastCost(double eta, int64_t gpus);
/// The lowest limit at which the steps took at most `factor` times what they took at the highest. kInvalidArgument for
/// a factor below 1.
Result<PowerLimitSelector> SelectLowestWithin(double factor);

}  // namespace zeus
