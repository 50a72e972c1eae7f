#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "zeus/base/units.h"

namespace zeus {

/// What profiling found out about one power limit.
struct PowerLimitCost {
  Watts power_limit;
  Joules epoch_cost;

  bool operator==(const PowerLimitCost&) const = default;
};

/// How a try ended.
enum class Ending {
  kReached,       ///< The target metric was reached.
  kNotReached,    ///< Stopped by the cost bound or by max_epochs.
  kAfterProfile,  ///< Stopped after its first epoch, because of what profiling found an epoch to cost.
  kDidNotRun,     ///< Not even one epoch fits under the cost bound; nothing was consumed.
};

/// What one try took.
struct Outcome {
  Ending ending = Ending::kDidNotRun;
  Watts power_limit;  ///< The limit it ran at after any profiling.
  Joules energy;
  Seconds time;
  std::optional<int64_t> epochs = std::nullopt;     ///< Absent where the executor does not know.
  std::optional<Joules> epoch_cost = std::nullopt;  ///< At that limit, without what profiling adds; absent likewise.
};

}  // namespace zeus
