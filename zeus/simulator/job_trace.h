#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "zeus/base/units.h"
#include "zeus/job/job.h"
#include "zeus/job/knobs.h"

namespace zeus {

/// One power limit of one batch size, as recorded.
struct RecordedLimit {
  Watts power_limit;
  Seconds time_per_epoch;
  Watts average_power;

  [[nodiscard]] Joules energy_per_epoch() const { return time_per_epoch * average_power; }
};

/// One batch size of one job, as recorded. A row of the joined table is a (run, limit) pair.
struct RecordedBatchSize {
  int64_t batch_size = 0;
  std::vector<RecordedLimit> limits;                  ///< Ascending by power limit.
  std::vector<std::optional<int64_t>> target_epochs;  ///< One a recorded run, in the trace's order; absent: never.
};

/// All that was recorded about one job on one GPU: what a simulation runs on. Immutable; many simulations may share it.
struct JobTrace {
  JobIdentity job;
  Watts max_power;
  std::vector<RecordedBatchSize> batch_sizes;  ///< Ascending; those with a row for the job's target.
  KnobSpace space;                             ///< The feasible batch sizes, also those without a row for this target.

  /// The recorded batch size, or nullptr when it has no row for the job's target.
  [[nodiscard]] const RecordedBatchSize* Find(int64_t batch_size) const;

  /// 2 * |B| * |P| over the job's rows: the horizon that the paper simulates.
  [[nodiscard]] int64_t DefaultRecurrences() const;
};

}  // namespace zeus
