#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/interval.h"
#include "zeus/simulator/run_summary.h"
#include "zeus/simulator/single_job.h"

namespace zeus {

/// One thing a sweep compares: a job on a GPU, knobs and policies. Its seeds are the sweep's.
struct SweepCase {
  std::string gpu;
  const JobTrace* trace = nullptr;  ///< Outlives the sweep.
  SimulationOptions options;        ///< The seed is ignored.
};

struct SweepOptions {
  std::vector<uint64_t> seeds;
  std::optional<int64_t> recurrences;  ///< Absent: each job's own 2 * |B| * |P|.
  unsigned threads = 1;
};

/// A case over all seeds. Means are over the runs that did not fail.
struct SweepRow {
  size_t runs = 0;
  size_t failed = 0;
  std::string first_failure;  ///< The message of the first run that failed, by seed.
  int64_t recurrences = 0;    ///< Of each run.
  Interval cost;              ///< J, cumulative.
  Interval regret;            ///< Oracle recurrences, cumulative.
  Interval regret_first_ten;
  Interval last_five_cost;  ///< Oracle recurrences, mean of the last five.
  /// Likewise, with each try at what it costs on average given its batch size and bound: the luck of which recorded
  /// run was drawn evens out sooner, the mean is the same.
  Interval expected_regret;
  Interval expected_regret_first_ten;
  Interval energy_saved;  ///< Fractions of the default's, over the whole horizon.
  Interval time_saved;
  Interval energy_saved_last_five;
  Interval time_saved_last_five;
};

/// One run of a case: its history, whole or up to where it failed.
struct SweepRun {
  size_t case_index = 0;
  uint64_t seed = 0;
  History history;
};

/// Runs every case with every seed, in parallel; rows come in the order of `cases`. `on_run`, when given, is called
/// once a run, in the order of cases and seeds; `on_progress` whenever a run ends, from any thread.
std::vector<SweepRow> RunSweep(const std::vector<SweepCase>& cases, const SweepOptions& options,
                               const PolicyFactory& factory, const std::function<void(const SweepRun&)>& on_run = {},
                               const std::function<void()>& on_progress = {});

}  // namespace zeus
