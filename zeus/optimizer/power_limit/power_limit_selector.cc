#include "zeus/optimizer/power_limit/power_limit_selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "zeus/job/cost.h"

namespace zeus {
namespace {

using Measurements = std::vector<PowerLimitMeasurement>;

// Each limit once.
Result<Measurements> Distinct(std::span<const PowerLimitMeasurement> measurements) {
  if (measurements.empty()) return Fail(ErrorCode::kInvalidArgument, "there are no power limits to choose from");
  Measurements distinct;
  for (const PowerLimitMeasurement& each : measurements) {
    const auto known = std::ranges::find(distinct, each.power_limit, &PowerLimitMeasurement::power_limit);
    if (known == distinct.end()) {
      distinct.push_back(each);
    } else {
      *known = each;
    }
  }
  return distinct;
}

const PowerLimitMeasurement& Highest(const Measurements& measurements) {
  return *std::ranges::max_element(measurements, {}, &PowerLimitMeasurement::power_limit);
}

// The limit of the measurement that `quantity` is least of.
template <class Quantity>
PowerLimitSelector SelectLeast(Quantity quantity) {
  return [quantity](std::span<const PowerLimitMeasurement> measurements) -> Result<Watts> {
    ZEUS_ASSIGN_OR_RETURN(const Measurements distinct, Distinct(measurements));
    return std::ranges::min_element(distinct, {}, quantity)->power_limit;
  };
}

}  // namespace

PowerLimitSelector SelectLeastEnergy() {
  return SelectLeast(&PowerLimitMeasurement::energy);
}

PowerLimitSelector SelectLeastTime() {
  return SelectLeast(&PowerLimitMeasurement::time);
}

Result<PowerLimitSelector> SelectLeastCost(double eta, int64_t gpus) {
  ZEUS_RETURN_IF_ERROR(ValidateEta(eta));
  if (gpus < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("the number of GPUs is {}: expected 1 or more", gpus));
  }
  return [=](std::span<const PowerLimitMeasurement> measurements) -> Result<Watts> {
    ZEUS_ASSIGN_OR_RETURN(const Measurements distinct, Distinct(measurements));
    const Watts max_power = Highest(distinct).power_limit * static_cast<double>(gpus);
    ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(eta, max_power));
    const auto cost = [&](const PowerLimitMeasurement& each) { return metric.Cost(each.energy, each.time); };
    return std::ranges::min_element(distinct, {}, cost)->power_limit;
  };
}

Result<PowerLimitSelector> SelectLowestWithin(double factor) {
  if (!(factor >= 1)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("the slowdown factor is {}: expected 1 or more", factor));
  }
  return [factor](std::span<const PowerLimitMeasurement> measurements) -> Result<Watts> {
    ZEUS_ASSIGN_OR_RETURN(const Measurements distinct, Distinct(measurements));
    const PowerLimitMeasurement& reference = Highest(distinct);
    Watts lowest = reference.power_limit;
    for (const PowerLimitMeasurement& each : distinct) {
      if (each.time <= factor * reference.time) lowest = std::min(lowest, each.power_limit);
    }
    return lowest;
  };
}

}  // namespace zeus
