#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/trace/problem.h"
#include "zeus/trace/workload_names.h"

namespace zeus {

/// One training run seen at one target: after how many epochs the target metric was reached.
struct TrainRow {
  uint32_t workload = 0;  ///< Index into TrainTrace::workloads.
  int64_t batch_size = 0;
  double learning_rate = 0;
  int64_t run = 0;
  double target_metric = 0;
  std::optional<int64_t> target_epoch;  ///< Absent when the run never reached the target.

  bool operator==(const TrainRow&) const = default;
};

/// Recorded training runs: `summary_train.csv`, see docs/formats.md.
struct TrainTrace {
  WorkloadNames workloads;
  std::vector<TrainRow> rows;  ///< In the file's order, which decides what a seed draws.
};

/// Reads a train trace; everything wrong with it goes to `problems`, and only good rows are kept.
TrainTrace ParseTrainTrace(std::string_view text, const std::string& source, Problems* problems);

/// Reads a train trace that must be free of problems.
Result<TrainTrace> ReadTrainTrace(const std::filesystem::path& path);

/// The trace as CSV text, as ParseTrainTrace reads it.
std::string ToCsv(const TrainTrace& trace);

}  // namespace zeus
