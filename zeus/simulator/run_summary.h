#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zeus/job/cost.h"
#include "zeus/job/history.h"
#include "zeus/simulator/expected_cost.h"
#include "zeus/simulator/job_trace.h"

namespace zeus {

/// One recurrence, its tries added up.
struct RecurrenceSummary {
  int64_t recurrence = 0;
  int tries = 0;           ///< Those that ran; a try without a single epoch under the bound is not among them.
  int64_t batch_size = 0;  ///< Of the last try.
  Watts power_limit;       ///< Of the last try.
  Joules energy;
  Seconds time;
  Joules cost;
  bool reached = false;
};

std::vector<RecurrenceSummary> SummarizeRecurrences(const History& history, const CostMetric& metric);

/// What part of the default's energy and time was saved; negative when more was used.
struct Savings {
  double energy = 0;
  double time = 0;
};

/// The batch size and power limit that a policy came to.
struct FoundKnobs {
  int64_t batch_size = 0;
  Watts power_limit;
  /// The recurrence that used them first, of those from which on every ten in a row used them more than half of the
  /// time; absent when there are none.
  std::optional<int64_t> settled_after;
  std::optional<ExpectedRecurrence> expected;
};

/// The pair used most in the last ten recurrences, the later one on a tie; nothing is expected of it yet. Precondition:
/// there is a recurrence.
FoundKnobs FindKnobs(std::span<const RecurrenceSummary> recurrences);

/// What a simulated job came to, against the user's default and the best possible.
struct RunSummary {
  int64_t recurrences = 0;
  Joules energy;
  Seconds time;
  Joules cost;
  double regret = 0;        ///< Cost beyond that of the oracle in every recurrence, in units of one oracle recurrence.
  Savings saved;            ///< Over all recurrences.
  Savings saved_last_five;  ///< Over the last five.
  double last_five_cost = 0;  ///< Mean cost of the last five, in units of one oracle recurrence.
  FoundKnobs found;
  ExpectedRecurrence default_knobs;
  ExpectedRecurrence oracle;
};

/// kUnreachable when the default or everything never reaches the target; kInvalidArgument for an empty history.
Result<RunSummary> SummarizeRun(const History& history, const JobTrace& trace, const CostMetric& metric);

}  // namespace zeus
