#include "zeus/optimizer/batch_size/check_observation.h"

#include <fmt/format.h>

#include <cmath>

namespace zeus {

Result<size_t> CheckObservation(const Observation& observation, const KnobSpace& space) {
  const std::optional<size_t> position = space.Find(observation.batch_size);
  if (!position) return FailUnknownBatchSize(observation.batch_size, space);
  const double cost = observation.cost.value();
  if (!std::isfinite(cost) || cost < 0) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the cost of batch size {} is {} J: expected a number of 0 or more", observation.batch_size, cost));
  }
  return *position;
}

}  // namespace zeus
