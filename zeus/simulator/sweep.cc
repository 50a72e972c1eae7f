#include "zeus/simulator/sweep.h"

#include <algorithm>

#include "zeus/base/parallel.h"

namespace zeus {
namespace {

constexpr int64_t kFirstRecurrences = 10;

// What one run leaves behind when its history is not kept.
struct RunResult {
  std::optional<std::string> failure;
  double cost = 0;
  double regret = 0;
  double regret_first_ten = 0;
  double last_five_cost = 0;
  double expected_regret = 0;
  double expected_regret_first_ten = 0;
  Savings saved;
  Savings saved_last_five;
  History history;
};

Result<void> Run(const SweepCase& sweep_case, int64_t recurrences, uint64_t seed, const PolicyFactory& factory,
                 RunResult* result) {
  SimulationOptions options = sweep_case.options;
  options.seed = seed;
  ZEUS_ASSIGN_OR_RETURN(SingleJobSimulation simulation,
                        SingleJobSimulation::Create(*sweep_case.trace, options, factory));
  const Result<void> ran = simulation.RunUntil(recurrences);
  result->history = simulation.history();
  ZEUS_RETURN_IF_ERROR(ran);
  ZEUS_ASSIGN_OR_RETURN(const RunSummary summary,
                        SummarizeRun(result->history, *sweep_case.trace, simulation.metric()));
  result->cost = summary.cost.value();
  result->regret = summary.regret;
  result->last_five_cost = summary.last_five_cost;
  result->saved = summary.saved;
  result->saved_last_five = summary.saved_last_five;
  Joules first_ten;
  for (const HistoryEntry& entry : result->history) {
    if (entry.recurrence < kFirstRecurrences) first_ten += simulation.metric().Cost(entry.energy, entry.time);
  }
  result->regret_first_ten =
      first_ten / summary.oracle.cost - static_cast<double>(std::min(kFirstRecurrences, recurrences));
  const std::vector<Joules>& expected = simulation.expected_costs();
  for (size_t i = 0; i < expected.size(); ++i) {
    const double regret = expected[i] / summary.oracle.cost - 1;
    result->expected_regret += regret;
    if (i < kFirstRecurrences) result->expected_regret_first_ten += regret;
  }
  return {};
}

SweepRow Combine(std::span<const RunResult> results, int64_t recurrences) {
  SweepRow row{.runs = results.size(), .failed = 0, .first_failure = {}, .recurrences = recurrences};
  for (const RunResult& result : results) {
    if (!result.failure) continue;
    if (row.failed++ == 0) row.first_failure = *result.failure;
  }
  const auto interval = [&](auto value) {
    std::vector<double> samples;
    for (const RunResult& result : results) {
      if (!result.failure) samples.push_back(value(result));
    }
    return samples.empty() ? Interval{} : MeanWithConfidence(samples);
  };
  row.cost = interval([](const RunResult& result) { return result.cost; });
  row.regret = interval([](const RunResult& result) { return result.regret; });
  row.regret_first_ten = interval([](const RunResult& result) { return result.regret_first_ten; });
  row.last_five_cost = interval([](const RunResult& result) { return result.last_five_cost; });
  row.expected_regret = interval([](const RunResult& result) { return result.expected_regret; });
  row.expected_regret_first_ten = interval([](const RunResult& result) { return result.expected_regret_first_ten; });
  row.energy_saved = interval([](const RunResult& result) { return result.saved.energy; });
  row.time_saved = interval([](const RunResult& result) { return result.saved.time; });
  row.energy_saved_last_five = interval([](const RunResult& result) { return result.saved_last_five.energy; });
  row.time_saved_last_five = interval([](const RunResult& result) { return result.saved_last_five.time; });
  return row;
}

}  // namespace

std::vector<SweepRow> RunSweep(const std::vector<SweepCase>& cases, const SweepOptions& options,
                               const PolicyFactory& factory, const std::function<void(const SweepRun&)>& on_run,
                               const std::function<void()>& on_progress) {
  const size_t seeds = options.seeds.size();
  const auto recurrences_of = [&](const SweepCase& each) {
    return options.recurrences.value_or(each.trace->DefaultRecurrences());
  };
  std::vector<RunResult> results(cases.size() * seeds);
  ParallelFor(results.size(), options.threads, [&](size_t i) {
    const SweepCase& sweep_case = cases[i / seeds];
    RunResult& result = results[i];
    const Result<void> ran = Run(sweep_case, recurrences_of(sweep_case), options.seeds[i % seeds], factory, &result);
    if (!ran) result.failure = ran.error().message;
    if (!on_run) result.history = {};
    if (on_progress) on_progress();
  });
  const auto of_case = [&](size_t i) { return std::span(results).subspan(i * seeds, seeds); };
  std::vector<SweepRow> rows(cases.size());
  ParallelFor(cases.size(), options.threads,
              [&](size_t i) { rows[i] = Combine(of_case(i), recurrences_of(cases[i])); });
  for (size_t i = 0; on_run && i < cases.size(); ++i) {
    for (size_t seed = 0; seed < seeds; ++seed) {
      on_run({.case_index = i, .seed = options.seeds[seed], .history = std::move(of_case(i)[seed].history)});
    }
  }
  return rows;
}

}  // namespace zeus
