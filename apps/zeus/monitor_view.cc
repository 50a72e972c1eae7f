#include "apps/zeus/monitor_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "apps/zeus/table.h"
#include "zeus/base/number_text.h"
#include "zeus/trace/csv_text.h"

namespace zeus {
namespace {

// Two minutes at the default period; more fits on no terminal.
constexpr size_t kMostValues = 120;
constexpr size_t kNarrowestGraph = 8;

/// One figure of a reading.
struct Column {
  const char* name;
  std::optional<double> (*value)(const MonitorReading&);
};

template <class Quantity>
std::optional<double> ValueOf(const std::optional<Quantity>& quantity) {
  return quantity ? std::optional(quantity->value()) : std::nullopt;
}

constexpr Column kPowerNow{"power_W", [](const MonitorReading& reading) { return ValueOf(reading.power); }};
constexpr Column kMeanPower{"average_power_W", [](const MonitorReading& reading) { return ValueOf(reading.power); }};
constexpr Column kEnergy{"energy_J", [](const MonitorReading& reading) { return ValueOf(reading.energy); }};
constexpr Column kTemperature{"temperature_C",
                              [](const MonitorReading& reading) { return ValueOf(reading.temperature); }};

std::vector<Column> ColumnsOf(MonitorKind kind) {
  switch (kind) {
    case MonitorKind::kPower:
      return {kPowerNow, kEnergy};
    case MonitorKind::kEnergy:
      return {kEnergy, kMeanPower};
    case MonitorKind::kTemperature:
      break;
  }
  return {kTemperature};
}

/// What a reading says of its figures.
struct TextColumn {
  const char* name;
  std::string_view MonitorReading::* value;
};

std::vector<TextColumn> TextColumnsOf(MonitorKind kind) {
  switch (kind) {
    case MonitorKind::kPower:
      return {{"domain", &MonitorReading::domain}, {"source", &MonitorReading::source}};
    case MonitorKind::kEnergy:
      return {{"source", &MonitorReading::source}};
    case MonitorKind::kTemperature:
      break;
  }
  return {};
}

// What the graph and the extremes are of.
std::optional<double> GraphValue(MonitorKind kind, const MonitorReading& reading) {
  return kind == MonitorKind::kTemperature ? ValueOf(reading.temperature) : ValueOf(reading.power);
}

std::string Cell(const std::optional<double>& value, const char* unit) {
  return value ? fmt::format("{:.1f} {}", *value, unit) : "-";
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string Shortened(const std::string& text, size_t width) {
  if (Characters(text) <= width) return text;
  size_t end = 0;
  for (size_t left = width; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 && left-- == 0) break;
  }
  return text.substr(0, end);
}

}  // namespace

std::string MonitorCsvHeader(const MonitorSubject& subject) {
  std::string header =
      subject.place == MonitorSubject::Place::kNodes ? "time,elapsed_s,node,device" : "time,elapsed_s,gpu";
  for (const Column& column : ColumnsOf(subject.kind)) header += fmt::format(",{}", column.name);
  for (const TextColumn& column : TextColumnsOf(subject.kind)) header += fmt::format(",{}", column.name);
  return header + ",failure\n";
}

std::string MonitorCsv(const MonitorSubject& subject, const MonitorRound& round) {
  std::string csv;
  for (size_t i = 0; i < subject.devices.size(); ++i) {
    const MonitorReading& reading = round.readings[i];
    const MonitorDevice& device = subject.devices[i];
    csv += fmt::format("{},{:.3f}", WallTimeText(round.time), round.elapsed.value());
    if (subject.place == MonitorSubject::Place::kNodes) csv += "," + CsvField(device.node);
    csv += "," + device.label;
    for (const Column& column : ColumnsOf(subject.kind)) {
      const std::optional<double> value = column.value(reading);
      csv += "," + (value ? ShortestText(*value) : std::string());
    }
    for (const TextColumn& column : TextColumnsOf(subject.kind)) csv += fmt::format(",{}", reading.*column.value);
    csv += fmt::format(",{}\n", reading.failure ? CsvField(reading.failure->message) : "");
  }
  return csv;
}

std::string MonitorJsonLines(const MonitorSubject& subject, const MonitorRound& round) {
  using Json = nlohmann::ordered_json;
  std::string lines;
  for (size_t i = 0; i < subject.devices.size(); ++i) {
    const MonitorReading& reading = round.readings[i];
    const MonitorDevice& device = subject.devices[i];
    Json line{{"time", WallTimeText(round.time)}, {"elapsed_s", round.elapsed.value()}};
    if (subject.place == MonitorSubject::Place::kNodes) {
      line["node"] = device.node;
      line["device"] = device.label;
    } else {
      line["gpu"] = ParseUnsigned(device.label).value_or(0);
    }
    for (const Column& column : ColumnsOf(subject.kind)) {
      const std::optional<double> value = column.value(reading);
      line[column.name] = value ? Json(*value) : Json();
    }
    for (const TextColumn& column : TextColumnsOf(subject.kind)) {
      const std::string_view value = reading.*column.value;
      line[column.name] = value.empty() ? Json() : Json(value);
    }
    line["failure"] = reading.failure ? Json(reading.failure->message) : Json();
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return lines;
}

std::string MonitorSummary(const MonitorSubject& subject, const MonitorRound& round) {
  std::vector<std::pair<std::string, double>> energies;  // A node's devices follow one another.
  double total = 0;
  for (size_t i = 0; i < subject.devices.size(); ++i) {
    const double energy = ValueOf(round.readings[i].energy).value_or(0);
    const std::string& node = subject.devices[i].node;
    if (energies.empty() || energies.back().first != node) energies.emplace_back(node, 0);
    energies.back().second += energy;
    total += energy;
  }
  std::string text = SecondsText(round.elapsed.value()) + ":";
  for (const auto& [node, energy] : energies) text += fmt::format(" {} {},", node, JoulesText(energy));
  return text + fmt::format(" together {}", JoulesText(total));
}

std::string Sparkline(const std::deque<std::optional<double>>& values, double lowest, double highest) {
  constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  for (const std::optional<double>& value : values) {
    if (!value) {
      line += ' ';
      continue;
    }
    const double share = highest > lowest ? (*value - lowest) / (highest - lowest) : 0;
    const double bar = std::clamp(share, 0.0, 1.0) * static_cast<double>(kBars.size() - 1);
    line += kBars[static_cast<size_t>(std::lround(bar))];
  }
  return line;
}

void MonitorView::Add(const MonitorRound& round) {
  elapsed_ = round.elapsed;
  for (size_t i = 0; i < seen_.size(); ++i) {
    Seen& seen = seen_[i];
    seen.latest = round.readings[i];
    const std::optional<double> value = GraphValue(subject_.kind, seen.latest);
    seen.values.push_back(value);
    if (seen.values.size() > kMostValues) seen.values.pop_front();
    if (!value) continue;
    seen.lowest = std::min(seen.lowest.value_or(*value), *value);
    seen.highest = std::max(seen.highest.value_or(*value), *value);
  }
}

std::vector<std::string> MonitorView::Cells(const Seen& seen) const {
  const MonitorReading& reading = seen.latest;
  const std::string energy = reading.energy ? JoulesText(reading.energy->value()) : "-";
  switch (subject_.kind) {
    case MonitorKind::kPower:
      return {Cell(ValueOf(reading.power), "W"), Cell(seen.lowest, "W"), Cell(seen.highest, "W"), energy};
    case MonitorKind::kEnergy:
      return {energy, Cell(ValueOf(reading.power), "W"), Cell(seen.lowest, "W"), Cell(seen.highest, "W")};
    case MonitorKind::kTemperature:
      break;
  }
  return {Cell(ValueOf(reading.temperature), "°C"), Cell(seen.lowest, "°C"), Cell(seen.highest, "°C")};
}

// "; energy integrated", or which devices' is when they differ.
std::string MonitorView::SourcesText() const {
  const bool here = subject_.place == MonitorSubject::Place::kHere;
  std::map<std::string_view, std::vector<std::string>> devices;
  for (size_t i = 0; i < seen_.size(); ++i) {
    const MonitorDevice& device = subject_.devices[i];
    if (seen_[i].latest.source.empty()) continue;
    devices[seen_[i].latest.source].push_back(here ? device.label : fmt::format("{} {}", device.node, device.label));
  }
  std::string text;
  for (const auto& [source, labels] : devices) {
    text += fmt::format("{} {}", text.empty() ? "; energy" : ",", source);
    if (devices.size() > 1) text += fmt::format(" ({}{})", here ? "GPU " : "", fmt::join(labels, ", "));
  }
  return text;
}

std::string MonitorView::TotalText() const {
  if (subject_.place == MonitorSubject::Place::kHere) return "";
  double power = 0;
  double energy = 0;
  for (const Seen& seen : seen_) {
    power += ValueOf(seen.latest.power).value_or(0);
    energy += ValueOf(seen.latest.energy).value_or(0);
  }
  return fmt::format("; together {:.1f} W, {}", power, JoulesText(energy));
}

std::string MonitorView::ToText(const Console& console) const {
  const bool here = subject_.place == MonitorSubject::Place::kHere;
  std::vector<Table::Column> columns;
  if (here) {
    columns = {{"GPU"}, {"name", Align::kLeft}};
  } else {
    columns = {{"node", Align::kLeft}, {"device", Align::kLeft}, {"name", Align::kLeft}};
  }
  const MonitorKind kind = subject_.kind;
  const std::vector<const char*> titles =
      kind == MonitorKind::kPower    ? std::vector<const char*>{"power", "lowest", "highest", "energy"}
      : kind == MonitorKind::kEnergy ? std::vector<const char*>{"energy", "power", "lowest", "highest"}
                                     : std::vector<const char*>{"now", "lowest", "highest"};
  for (const char* const title : titles) columns.push_back({title});
  std::vector<std::vector<std::string>> rows;
  std::vector<size_t> widths;
  for (const Table::Column& column : columns) widths.push_back(column.title.size());
  for (size_t i = 0; i < seen_.size(); ++i) {
    const MonitorDevice& device = subject_.devices[i];
    std::vector<std::string> row;
    if (!here) row.push_back(device.node);
    row.push_back(device.label);
    row.push_back(device.name);
    std::ranges::move(Cells(seen_[i]), std::back_inserter(row));
    for (size_t cell = 0; cell < row.size(); ++cell) widths[cell] = std::max(widths[cell], Characters(row[cell]));
    rows.push_back(std::move(row));
  }
  // What the terminal leaves; a line that wraps would be redrawn wrongly.
  size_t used = 0;
  for (const size_t width : widths) used += width + 2;
  const auto width = static_cast<size_t>(console.width);
  const size_t graph = width > used + kNarrowestGraph ? width - used - 1 : 0;
  if (graph > 0) columns.push_back({"", Align::kLeft});
  Table table(columns);
  for (size_t i = 0; i < rows.size(); ++i) {
    const Seen& seen = seen_[i];
    if (graph > 0) {
      std::deque<std::optional<double>> shown = seen.values;
      while (shown.size() > graph) shown.pop_front();
      // Power is drawn from 0; a temperature's changes are small beside its distance from it.
      const double lowest = kind == MonitorKind::kTemperature ? seen.lowest.value_or(0) : 0;
      rows[i].push_back(seen.latest.failure ? Shortened(seen.latest.failure->message, graph)
                                            : Sparkline(shown, lowest, seen.highest.value_or(1)));
    }
    table.AddRow(std::move(rows[i]), seen.latest.failure ? Style::kBad : Style::kPlain);
  }
  const std::string below = fmt::format("{:.1f} s{}{}; Ctrl-C ends", elapsed_.value(), TotalText(), SourcesText());
  return table.ToText(console) + console.Styled(Style::kDim, Shortened(below, width)) + "\n";
}

}  // namespace zeus
