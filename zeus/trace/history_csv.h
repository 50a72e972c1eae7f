#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "zeus/job/history.h"

namespace zeus {

/// What is the same in every line of a job's history.
struct HistoryRun {
  std::string gpu;
  std::string dataset;
  double eta = 0;
  double beta = 0;
  uint64_t seed = 0;
};

/// What is the same in every line of a cluster group's history.
struct ClusterHistoryRun {
  std::string gpu;
  double eta = 0;
  double beta = 0;
  std::string group;
  std::string dataset;
};

/// History files, byte by byte in docs/formats.md: a header, then one line an entry, floats in shortest round-trip
/// form.
std::string_view HistoryCsvHeader();
std::string_view ClusterHistoryCsvHeader();
void AppendHistoryCsv(const HistoryRun& run, const History& history, std::string* csv);
/// `entry` counts from 0 in the order of `history`; an entry's recurrence and attempt are not part of this file.
void AppendClusterHistoryCsv(const ClusterHistoryRun& run, const History& history, std::string* csv);

}  // namespace zeus
