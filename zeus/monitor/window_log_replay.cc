#include "zeus/monitor/window_log_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "zeus/base/text_file.h"

namespace zeus {
namespace {

Result<EnergyFigure> FigureOf(const std::optional<Joules>& energy, EnergyProvenance provenance, std::string_view place,
                              std::string_view device, int index) {
  if (energy) return EnergyFigure{.energy = *energy, .provenance = provenance};
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: {} {} is missing from this window", place, device, index));
}

Measurement ToMeasurement(const WindowLogColumns& columns, const WindowRow& row, std::string_view place) {
  using std::chrono::duration;
  constexpr EnergyProvenance kMeasured = EnergyProvenance::kMeasured;
  Measurement measurement{
      .start = WallTime(std::chrono::duration_cast<WallTime::duration>(duration<double>(row.start_time.value()))),
      .begin = {},
      .end = Time(std::chrono::duration_cast<Time::duration>(duration<double>(row.elapsed.value()))),
      .duration = row.elapsed,
      .gpus = {},
      .cpus = {}};
  for (size_t i = 0; i < columns.gpus.size(); ++i) {
    const EnergyProvenance provenance = row.gpu_provenance.empty() ? kMeasured : row.gpu_provenance[i];
    measurement.gpus.push_back(FigureOf(row.gpu_energy[i], provenance, place, "GPU", columns.gpus[i]));
  }
  for (size_t i = 0; i < columns.cpus.size(); ++i) {
    CpuFigures figures{FigureOf(row.cpu_energy[i], kMeasured, place, "CPU", columns.cpus[i]), std::nullopt};
    const auto dram = std::ranges::find(columns.drams, columns.cpus[i]);
    if (dram != columns.drams.end()) {
      figures.dram =
          FigureOf(row.dram_energy[static_cast<size_t>(dram - columns.drams.begin())], kMeasured, place, "DRAM", *dram);
    }
    measurement.cpus.push_back(std::move(figures));
  }
  return measurement;
}

}  // namespace

Result<WindowLogReplay> WindowLogReplay::Open(const std::filesystem::path& path, NameMatch match) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  return FromText(text, path.string(), match);
}

Result<WindowLogReplay> WindowLogReplay::FromText(std::string_view text, const std::string& source, NameMatch match) {
  Problems problems;
  WindowLog log = ParseWindowLog(text, source, &problems);
  ZEUS_RETURN_IF_ERROR(ToResult(problems));
  return WindowLogReplay(std::move(log), source, match);
}

WindowLogReplay::WindowLogReplay(WindowLog log, std::string source, NameMatch match)
    : log_(std::move(log)), source_(std::move(source)), match_(match) {}

WindowLogReplay::WindowLogReplay(WindowLogReplay&& other) noexcept
    : log_(other.log_),
      source_(other.source_),
      match_(other.match_),
      next_(other.next_),
      open_(std::move(other.open_)) {}

Result<void> WindowLogReplay::BeginWindow(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  if (open_.emplace(name).second) return {};
  return Fail(ErrorCode::kInvalidArgument, fmt::format("window \"{}\" is open already", name));
}

Result<Measurement> WindowLogReplay::EndWindow(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto window = open_.find(name);
  if (window == open_.end()) return Fail(ErrorCode::kNotFound, fmt::format("window \"{}\" is not open", name));
  if (next_ == log_.rows.size()) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: window \"{}\" is closed, but the log has no more rows", source_, name));
  }
  const WindowRow& row = log_.rows[next_];
  if (match_ == NameMatch::kRequired && row.name != name) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("{}:{}: window \"{}\" is closed, but the log has \"{}\" next", source_, row.line, name, row.name));
  }
  open_.erase(window);
  ++next_;
  return ToMeasurement(log_.columns, row, fmt::format("{}:{}", source_, row.line));
}

Result<void> WindowLogReplay::CancelWindow(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto window = open_.find(name);
  if (window == open_.end()) return Fail(ErrorCode::kNotFound, fmt::format("window \"{}\" is not open", name));
  open_.erase(window);
  return {};
}

size_t WindowLogReplay::rows_left() const {
  const std::scoped_lock lock(mutex_);
  return log_.rows.size() - next_;
}

}  // namespace zeus
