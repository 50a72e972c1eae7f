#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "services/store/records.h"
#include "services/store/tally.h"

/// Figures for people, from a job's trials. Nothing is decided with them.
namespace zeus {

/// What the results of a batch size came to.
struct BatchSizeView {
  int64_t batch_size = 0;
  size_t results = 0;
  size_t converged = 0;
  std::optional<Joules> mean_cost;    ///< Of those that converged.
  std::optional<Joules> lowest_cost;  ///< Of those, too.
};

struct Spent {
  Joules energy;
  Seconds time;
  Joules cost;
};

/// Everything that was spent, on runs that did not converge, too, against as many runs of the default batch size as
/// have converged: one for each recurrence.
struct Savings {
  size_t converged = 0;
  Spent spent;
  Spent by_default;  ///< From the mean of the default's runs that converged.
};

struct JobView {
  size_t succeeded = 0;  ///< Trials with that status.
  size_t failed = 0;
  std::vector<BatchSizeView> batch_sizes;  ///< All of the job's, ascending.
  std::optional<Savings> savings;          ///< Absent before a run of the default has converged.
};

/// Nothing before a run of the default has converged. `tallies` are all of the job.
std::optional<Savings> SavingsOf(const store::JobSettings& settings, std::span<const store::TrialTally> tallies);

/// `trials` are all of the job.
JobView ViewJob(const store::JobSettings& settings, const std::vector<store::TrialRecord>& trials);

}  // namespace zeus
