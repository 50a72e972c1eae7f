#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "apps/zeus/monitor_reader.h"
#include "zeus/trace/power_log.h"

namespace zeus {

/// What a reading is of.
struct MonitorDevice {
  std::string node;   ///< The node's endpoint; empty: this machine.
  std::string label;  ///< A GPU's number on this machine; "gpu0", "cpu0", "dram0" of a node.
  std::string name;   ///< The model.
};

/// What is watched.
struct MonitorSubject {
  enum class Place { kHere, kNodes };

  MonitorKind kind = MonitorKind::kPower;
  Place place = Place::kHere;
  std::vector<MonitorDevice> devices;
};

/// A round of readings, in the order of the devices.
struct MonitorRound {
  WallTime time;
  Seconds elapsed;  ///< Since the first round.
  std::vector<MonitorReading> readings;
};

/// The columns of MonitorCsv, with a line break.
std::string MonitorCsvHeader(const MonitorSubject& subject);
/// A line for each device; empty fields and the reason where one could not be read.
std::string MonitorCsv(const MonitorSubject& subject, const MonitorRound& round);
/// The same as a JSON object in a line for each device.
std::string MonitorJsonLines(const MonitorSubject& subject, const MonitorRound& round);
/// The energy of each node, and of all: what a run that has ended took.
std::string MonitorSummary(const MonitorSubject& subject, const MonitorRound& round);

/// Bars of eight heights, as wide as there are values, from `lowest` at the bottom to `highest`; a space is no value.
std::string Sparkline(const std::deque<std::optional<double>>& values, double lowest, double highest);

/// What a person watches: a row for each device with its latest figures, their extremes, and a small graph.
class MonitorView {
 public:
  explicit MonitorView(MonitorSubject subject) : subject_(std::move(subject)), seen_(subject_.devices.size()) {}

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
  /// Of nodes, whose devices people add up; empty for this machine.
  [[nodiscard]] std::string TotalText() const;

  MonitorSubject subject_;
  std::vector<Seen> seen_;
  Seconds elapsed_;
};

}  // namespace zeus
