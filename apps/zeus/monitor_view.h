#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "apps/zeus/monitor_gpus.h"
#include "apps/zeus/monitor_reader.h"
#include "zeus/trace/power_log.h"

namespace zeus {

/// A round of readings.
struct MonitorRound {
  WallTime time;
  Seconds elapsed;  ///< Since the first round.
  std::vector<MonitorReading> readings;
};

/// The columns of MonitorCsv, with a line break.
std::string MonitorCsvHeader(MonitorKind kind);
/// A line for each GPU; empty fields and the reason where one could not be read.
std::string MonitorCsv(MonitorKind kind, const std::vector<ChosenGpu>& gpus, const MonitorRound& round);
/// The same as a JSON object in a line for each GPU.
std::string MonitorJsonLines(MonitorKind kind, const std::vector<ChosenGpu>& gpus, const MonitorRound& round);

/// Bars of eight heights, as wide as there are values, from `lowest` at the bottom to `highest`; a space is no value.
std::string Sparkline(const std::deque<std::optional<double>>& values, double lowest, double highest);

/// What a person watches: a row for each GPU with its latest figures, their extremes, and a small graph.
class MonitorView {
 public:
  MonitorView(MonitorKind kind, std::vector<ChosenGpu> gpus)
      : kind_(kind), gpus_(std::move(gpus)), seen_(gpus_.size()) {}

  void Add(const MonitorRound& round);

  /// The table after the rounds so far; no line is wider than the terminal. Precondition: there was a round.
  [[nodiscard]] std::string ToText(const Console& console) const;

 private:
  struct Seen {
    MonitorReading latest;
    std::deque<std::optional<double>> values;  ///< The newest, absent where there was none.
    std::optional<double> lowest;
    std::optional<double> highest;
  };

  [[nodiscard]] std::vector<std::string> Cells(const Seen& seen) const;
  /// How the energies came about.
  [[nodiscard]] std::string SourcesText() const;

  MonitorKind kind_;
  std::vector<ChosenGpu> gpus_;
  std::vector<Seen> seen_;
  Seconds elapsed_;
};

}  // namespace zeus
