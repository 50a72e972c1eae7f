#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/store/records.h"

namespace zeus::store {

/// What the trials of one batch size of a job that ended alike came to.
struct TrialTally {
  std::string job_id;
  int64_t batch_size = 0;
  TrialStatus status = TrialStatus::kDispatched;
  bool converged = false;
  int64_t trials = 0;
  Joules energy;  ///< The sum over their results.
  Seconds time;

  bool operator==(const TrialTally&) const = default;
};

/// Ascending by job, batch size, status and convergence; none is empty.
std::vector<TrialTally> TallyOf(const std::vector<TrialRecord>& trials);

}  // namespace zeus::store
