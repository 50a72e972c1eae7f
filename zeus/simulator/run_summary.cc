#include "zeus/simulator/run_summary.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace zeus {
namespace {

constexpr size_t kLastRecurrences = 5;
constexpr size_t kSettlingWindow = 10;

using Knobs = std::pair<int64_t, Watts>;

Knobs KnobsOf(const RecurrenceSummary& recurrence) {
  return {recurrence.batch_size, recurrence.power_limit};
}

Savings SavingsOf(std::span<const RecurrenceSummary> recurrences, const ExpectedRecurrence& instead) {
  Joules energy;
  Seconds time;
  for (const RecurrenceSummary& recurrence : recurrences) {
    energy += recurrence.energy;
    time += recurrence.time;
  }
  const auto count = static_cast<double>(recurrences.size());
  return {.energy = 1 - energy / (instead.energy * count), .time = 1 - time / (instead.time * count)};
}

// The pair used most in the last recurrences, the later one on a tie.
Knobs MostUsed(std::span<const RecurrenceSummary> recurrences) {
  std::map<Knobs, int> uses;
  for (const RecurrenceSummary& recurrence : recurrences) ++uses[KnobsOf(recurrence)];
  Knobs best = KnobsOf(recurrences.back());
  for (const RecurrenceSummary& recurrence : recurrences) {
    if (uses[KnobsOf(recurrence)] > uses[best]) best = KnobsOf(recurrence);
  }
  return best;
}

std::optional<int64_t> SettledAfter(std::span<const RecurrenceSummary> recurrences, const Knobs& knobs) {
  const size_t window = std::min(kSettlingWindow, recurrences.size());
  std::optional<size_t> settled;
  for (size_t start = recurrences.size() - window + 1; start-- > 0;) {
    const auto part = recurrences.subspan(start, window);
    const auto uses = static_cast<size_t>(
        std::ranges::count_if(part, [&](const RecurrenceSummary& each) { return KnobsOf(each) == knobs; }));
    if (2 * uses <= window) break;
    settled = start;
  }
  if (!settled) return std::nullopt;
  const auto first_use = std::ranges::find(recurrences.subspan(*settled), knobs, KnobsOf);
  return first_use->recurrence;
}

}  // namespace

std::vector<RecurrenceSummary> SummarizeRecurrences(const History& history, const CostMetric& metric) {
  std::vector<RecurrenceSummary> recurrences;
  for (const HistoryEntry& entry : history) {
    if (recurrences.empty() || recurrences.back().recurrence != entry.recurrence) {
      recurrences.push_back({.recurrence = entry.recurrence});
    }
    RecurrenceSummary& recurrence = recurrences.back();
    ++recurrence.tries;
    recurrence.batch_size = entry.batch_size;
    recurrence.power_limit = entry.power_limit;
    recurrence.energy += entry.energy;
    recurrence.time += entry.time;
    recurrence.cost += metric.Cost(entry.energy, entry.time);
    recurrence.reached = entry.reached;
  }
  return recurrences;
}

FoundKnobs FindKnobs(std::span<const RecurrenceSummary> recurrences) {
  const Knobs found = MostUsed(recurrences.last(std::min(kSettlingWindow, recurrences.size())));
  return {.batch_size = found.first,
          .power_limit = found.second,
          .settled_after = SettledAfter(recurrences, found),
          .expected = {}};
}

Result<RunSummary> SummarizeRun(const History& history, const JobTrace& trace, const CostMetric& metric) {
  const std::vector<RecurrenceSummary> recurrences = SummarizeRecurrences(history, metric);
  if (recurrences.empty()) return Fail(ErrorCode::kInvalidArgument, "no recurrence to sum up");
  RunSummary summary;
  ZEUS_ASSIGN_OR_RETURN(summary.default_knobs, ExpectDefault(trace, metric));
  ZEUS_ASSIGN_OR_RETURN(summary.oracle, ExpectOracle(trace, metric));
  summary.recurrences = static_cast<int64_t>(recurrences.size());
  for (const RecurrenceSummary& recurrence : recurrences) {
    summary.energy += recurrence.energy;
    summary.time += recurrence.time;
    summary.cost += recurrence.cost;
  }
  const auto last = std::span(recurrences).last(std::min(kLastRecurrences, recurrences.size()));
  for (const RecurrenceSummary& recurrence : last) {
    summary.last_five_cost += recurrence.cost / summary.oracle.cost / static_cast<double>(last.size());
  }
  summary.regret = summary.cost / summary.oracle.cost - static_cast<double>(recurrences.size());
  summary.saved = SavingsOf(recurrences, summary.default_knobs);
  summary.saved_last_five = SavingsOf(last, summary.default_knobs);
  summary.found = FindKnobs(recurrences);
  summary.found.expected = ExpectRecurrence(trace, metric, summary.found.batch_size, summary.found.power_limit);
  return summary;
}

}  // namespace zeus
