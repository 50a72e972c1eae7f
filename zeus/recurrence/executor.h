#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/outcome.h"

namespace zeus {

/// One launch of the training script, as the loop asks for it.
struct TryRequest {
  int64_t recurrence = 0;  ///< From 0.
  int attempt = 0;         ///< The try within its recurrence, from 0.
  int64_t batch_size = 0;
  std::optional<Watts> power_limit;  ///< Absent: profile the power limits first, then ask which one to run at.
  Joules cost_upper_bound;           ///< Stop when the next epoch would cost more than this in all; may be infinite.
  /// With profiling: stop after the first epoch when a further one costs more than this. An executor may go on.
  std::optional<Joules> epoch_cost_limit = std::nullopt;
};

/// Given what profiling found for each limit, high to low, says at which one to run.
using ChoosePowerLimit = std::function<Result<Watts>(std::span<const PowerLimitCost>)>;

/// What a try runs on: a row of a trace, or a process on a GPU. The recurrence loop does not know which.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs one try to its end. `choose` is called at most once, and only when the request names no power limit.
  virtual Result<Outcome> Execute(const TryRequest& request, const ChoosePowerLimit& choose) = 0;
};

}  // namespace zeus
