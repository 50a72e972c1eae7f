#pragma once

#include <cstdint>
#include <optional>

#include "zeus/base/units.h"
#include "zeus/job/cost.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/simulator/job_trace.h"

namespace zeus {

/// What one recurrence at a fixed batch size and power limit takes on average over the recorded runs, computed and not
/// sampled: runs that miss the target within max_epochs are paid in full and tried again.
struct ExpectedRecurrence {
  int64_t batch_size = 0;
  Watts power_limit;
  Joules energy;
  Seconds time;
  Joules cost;
};

/// nullopt when no recorded run at this batch size reaches the target, or the limit was not recorded.
std::optional<ExpectedRecurrence> ExpectRecurrence(const JobTrace& trace, const CostMetric& metric, int64_t batch_size,
                                                   Watts power_limit);

/// The cheapest of a batch size's power limits. nullopt when no recorded run at it reaches the target.
std::optional<ExpectedRecurrence> ExpectBestLimit(const JobTrace& trace, const CostMetric& metric, int64_t batch_size);

/// The user's default: b0 at its highest limit. kUnreachable when b0 never reaches the target.
Result<ExpectedRecurrence> ExpectDefault(const JobTrace& trace, const CostMetric& metric);

/// The oracle: the pair that costs least. kUnreachable when none reaches the target.
Result<ExpectedRecurrence> ExpectOracle(const JobTrace& trace, const CostMetric& metric);

}  // namespace zeus
