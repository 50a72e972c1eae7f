#pragma once

#include <cstdint>
#include <vector>

#include "zeus/base/units.h"

namespace zeus {

/// One try that ran: what was chosen and what it took.
struct HistoryEntry {
  int64_t recurrence = 0;  ///< From 0.
  int attempt = 0;         ///< The try within its recurrence, from 0; tries that never ran an epoch have no entry.
  int64_t batch_size = 0;
  Watts power_limit;
  Joules energy;
  Seconds time;
  bool reached = false;  ///< Whether the target metric was reached.

  bool operator==(const HistoryEntry&) const = default;
};

using History = std::vector<HistoryEntry>;

}  // namespace zeus
