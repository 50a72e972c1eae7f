#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/units.h"
#include "zeus/trace/problem.h"
#include "zeus/trace/workload_names.h"

namespace zeus {

/// How long an epoch takes and how much power it draws at one batch size and one power limit.
struct PowerRow {
  uint32_t workload = 0;  ///< Index into PowerTrace::workloads.
  int64_t batch_size = 0;
  Watts power_limit;
  Seconds time_per_epoch;
  Watts average_power;

  bool operator==(const PowerRow&) const = default;
};

/// Recorded power and speed on one GPU model: `summary_power_<gpu>.csv`, see docs/formats.md.
struct PowerTrace {
  WorkloadNames workloads;
  std::vector<PowerRow> rows;  ///< In the file's order.
};

/// Reads a power trace; everything wrong with it goes to `problems`, and only good rows are kept.
PowerTrace ParsePowerTrace(std::string_view text, const std::string& source, Problems* problems);

/// Reads a power trace that must be free of problems.
Result<PowerTrace> ReadPowerTrace(const std::filesystem::path& path);

/// The trace as CSV text, as ParsePowerTrace reads it.
std::string ToCsv(const PowerTrace& trace);

}  // namespace zeus
