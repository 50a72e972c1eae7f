#include "zeus/trace/window_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "zeus/base/number_text.h"
#include "zeus/trace/csv_reader.h"
#include "zeus/trace/csv_text.h"

namespace zeus {
namespace {

constexpr std::string_view kMissing = "missing";
constexpr std::array kProvenances{EnergyProvenance::kMeasured, EnergyProvenance::kIntegrated,
                                  EnergyProvenance::kEstimated};

void AppendNames(std::string_view device, std::string_view figure, const std::vector<int>& indices, std::string* text) {
  for (const int index : indices) fmt::format_to(std::back_inserter(*text), ",{}{}_{}", device, index, figure);
}

void AppendEnergies(size_t count, const std::vector<std::optional<Joules>>& energies, std::string* text) {
  for (size_t i = 0; i < count; ++i) {
    text->push_back(',');
    if (i < energies.size() && energies[i]) text->append(ShortestText(energies[i]->value()));
  }
}

/// The index of a column's name such as "gpu0_energy".
std::optional<int> IndexOf(std::string_view name, std::string_view device, std::string_view ending) {
  if (!name.starts_with(device) || !name.ends_with(ending)) return std::nullopt;
  name.remove_prefix(device.size());
  if (name.size() < ending.size()) return std::nullopt;
  name.remove_suffix(ending.size());
  constexpr size_t kMostDigits = 6;
  // "00" is no other way to write 0: the column would be there twice.
  if (name.starts_with('0') && name.size() > 1) return std::nullopt;
  if (name.empty() || name.size() > kMostDigits ||
      !std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  return static_cast<int>(*ParseInteger(name));
}

/// Which columns there are, and where each stands among those asked of the reader.
struct Wanted {
  WindowLogColumns columns;
  std::vector<std::string> names{"start_time", "window_name", "elapsed_time"};
  size_t first_gpu = 0;
  size_t first_cpu = 0;
  size_t first_dram = 0;
  size_t first_source = 0;
};

// No column of interest needs quotes, so a header may be cut at its commas.
Wanted ReadHeader(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  Wanted wanted;
  std::vector<int> sources;
  while (true) {
    const size_t comma = line.find(',');
    const std::string_view name = line.substr(0, comma);
    if (const auto gpu = IndexOf(name, "gpu", "_energy")) wanted.columns.gpus.push_back(*gpu);
    if (const auto cpu = IndexOf(name, "cpu", "_energy")) wanted.columns.cpus.push_back(*cpu);
    if (const auto dram = IndexOf(name, "dram", "_energy")) wanted.columns.drams.push_back(*dram);
    if (const auto source = IndexOf(name, "gpu", "_source")) sources.push_back(*source);
    if (comma == std::string_view::npos) break;
    line.remove_prefix(comma + 1);
  }
  const auto add = [&](std::string_view device, std::string_view figure, const std::vector<int>& indices) {
    const size_t first = wanted.names.size();
    for (const int index : indices) wanted.names.push_back(fmt::format("{}{}_{}", device, index, figure));
    return first;
  };
  wanted.first_gpu = add("gpu", "energy", wanted.columns.gpus);
  wanted.first_cpu = add("cpu", "energy", wanted.columns.cpus);
  wanted.first_dram = add("dram", "energy", wanted.columns.drams);
  if (!sources.empty()) {
    wanted.columns.detail = WindowLogDetail::kProvenances;
    wanted.first_source = add("gpu", "source", wanted.columns.gpus);
  }
  return wanted;
}

/// Reads the energies of `count` columns from `first` on; false when one of them is no energy.
bool ReadEnergies(CsvReader& csv, size_t first, size_t count, std::vector<std::optional<Joules>>* energies) {
  bool good = true;
  for (size_t i = 0; i < count; ++i) {
    if (csv.Field(first + i).empty()) {
      energies->push_back(std::nullopt);
    } else if (const auto joules = csv.Number(first + i); joules && *joules >= 0) {
      energies->push_back(Joules(*joules));
    } else {
      if (joules) csv.Report(first + i, fmt::format("expected an energy of 0 J or more, found {}", *joules));
      good = false;
    }
  }
  return good;
}

bool ReadProvenances(CsvReader& csv, const Wanted& wanted, WindowRow* row) {
  for (size_t i = 0; i < wanted.columns.gpus.size(); ++i) {
    const std::string_view name = csv.Field(wanted.first_source + i);
    const auto found = std::ranges::find(kProvenances, name, ProvenanceName);
    const bool missing = name == kMissing;
    if (found == kProvenances.end() && !missing) {
      csv.Report(wanted.first_source + i,
                 fmt::format("expected measured, integrated, estimated or missing, found \"{}\"", name.substr(0, 40)));
      return false;
    }
    if (missing == row->gpu_energy[i].has_value()) {
      csv.Report(wanted.first_source + i,
                 fmt::format("\"{}\" does not go with the energy of GPU {}", name, wanted.columns.gpus[i]));
      return false;
    }
    row->gpu_provenance.push_back(missing ? EnergyProvenance::kEstimated : *found);
  }
  return true;
}

std::optional<WindowRow> ReadRow(CsvReader& csv, const Wanted& wanted) {
  WindowRow row{.line = csv.line(), .name = std::string(csv.Field(1))};
  const std::optional<double> start = csv.Number(0);
  const std::optional<double> elapsed = csv.Number(2);
  bool good = start.has_value() && elapsed.has_value();
  if (elapsed && *elapsed < 0) {
    csv.Report(2, fmt::format("expected a duration of 0 s or more, found {}", *elapsed));
    good = false;
  }
  good &= ReadEnergies(csv, wanted.first_gpu, wanted.columns.gpus.size(), &row.gpu_energy);
  good &= ReadEnergies(csv, wanted.first_cpu, wanted.columns.cpus.size(), &row.cpu_energy);
  good &= ReadEnergies(csv, wanted.first_dram, wanted.columns.drams.size(), &row.dram_energy);
  if (good && wanted.columns.detail == WindowLogDetail::kProvenances) good = ReadProvenances(csv, wanted, &row);
  if (!good) return std::nullopt;
  row.start_time = Seconds(start.value_or(0));
  row.elapsed = Seconds(elapsed.value_or(0));
  return row;
}

}  // namespace

std::string_view ProvenanceName(EnergyProvenance provenance) {
  switch (provenance) {
    case EnergyProvenance::kMeasured:
      return "measured";
    case EnergyProvenance::kIntegrated:
      return "integrated";
    case EnergyProvenance::kEstimated:
      break;
  }
  return "estimated";
}

std::string WindowLogHeader(const WindowLogColumns& columns) {
  std::string text = "start_time,window_name,elapsed_time";
  if (columns.gpus.empty() && columns.cpus.empty() && columns.drams.empty()) text.push_back(',');
  AppendNames("gpu", "energy", columns.gpus, &text);
  AppendNames("cpu", "energy", columns.cpus, &text);
  AppendNames("dram", "energy", columns.drams, &text);
  if (columns.detail == WindowLogDetail::kProvenances) AppendNames("gpu", "source", columns.gpus, &text);
  text.push_back('\n');
  return text;
}

std::string WindowLogLine(const WindowLogColumns& columns, const WindowRow& row) {
  std::string text = fmt::format("{},{},{}", ShortestText(row.start_time.value()), CsvField(row.name),
                                 ShortestText(row.elapsed.value()));
  if (columns.gpus.empty() && columns.cpus.empty() && columns.drams.empty()) text.push_back(',');
  AppendEnergies(columns.gpus.size(), row.gpu_energy, &text);
  AppendEnergies(columns.cpus.size(), row.cpu_energy, &text);
  AppendEnergies(columns.drams.size(), row.dram_energy, &text);
  if (columns.detail == WindowLogDetail::kProvenances) {
    for (size_t i = 0; i < columns.gpus.size(); ++i) {
      const bool known = i < row.gpu_energy.size() && row.gpu_energy[i];
      const auto provenance = i < row.gpu_provenance.size() ? row.gpu_provenance[i] : EnergyProvenance::kMeasured;
      text.push_back(',');
      text.append(known ? ProvenanceName(provenance) : kMissing);
    }
  }
  text.push_back('\n');
  return text;
}

WindowLog ParseWindowLog(std::string_view text, const std::string& source, Problems* problems) {
  const Wanted wanted = ReadHeader(text);
  const std::vector<std::string_view> names(wanted.names.begin(), wanted.names.end());
  WindowLog log{.columns = wanted.columns, .rows = {}};
  CsvReader csv(text, source, names, problems);
  while (csv.Next()) {
    if (std::optional<WindowRow> row = ReadRow(csv, wanted)) log.rows.push_back(*std::move(row));
  }
  if (!text.empty() && !text.ends_with('\n')) {
    // A number that was cut off reads as another one.
    if (!log.rows.empty() && log.rows.back().line == csv.line()) log.rows.pop_back();
    problems->push_back(
        {.source = source, .line = csv.line(), .column = 0, .message = "the line was not written to its end"});
  }
  return log;
}

}  // namespace zeus
