#include "apps/zeus/exec_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "apps/zeus/table.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kKilledBySignal = 128;

std::string WithInterval(const std::string& text, const Interval& interval, const char* unit) {
  return interval.half_width ? fmt::format("{} ± {:.3g} {}", text, *interval.half_width, unit) : text;
}

std::string EnergyText(const Interval& energy) {
  return WithInterval(JoulesText(energy.mean), energy, "J");
}

Interval TimeOver(const ExecReport& report) {
  std::vector<double> times;
  for (const ExecRun& run : report.runs) times.push_back(run.time.value());
  return MeanWithConfidence(times);
}

std::optional<Watts> PeakOver(const ExecReport& report, size_t device) {
  std::optional<Watts> peak;
  for (const ExecRun& run : report.runs) {
    if (const auto& each = run.figures[device].peak; each && (!peak || *each > *peak)) peak = each;
  }
  return peak;
}

std::optional<Watts> IdlePower(const ExecReport& report, size_t device) {
  if (!report.idle || !report.idle->figures[device].energy) return std::nullopt;
  return report.idle->figures[device].energy->energy / report.idle->time;
}

// The least trustworthy of the runs'.
EnergyProvenance ProvenanceOver(const ExecReport& report, size_t device) {
  EnergyProvenance worst = EnergyProvenance::kMeasured;
  for (const ExecRun& run : report.runs) {
    if (run.figures[device].energy) worst = std::max(worst, run.figures[device].energy->provenance);
  }
  return worst;
}

bool TooShort(const ExecReport& report, size_t device) {
  return std::ranges::any_of(report.runs, [device](const ExecRun& run) {
    return run.figures[device].energy && run.figures[device].energy->too_short;
  });
}

std::string PowerText(std::optional<Watts> power) {
  return power ? fmt::format("{:.2f} W", power->value()) : "-";
}

std::string EndText(int exit_code) {
  if (exit_code <= kKilledBySignal) return fmt::format("exit code {}", exit_code);
  const char* const signal = ::sigdescr_np(exit_code - kKilledBySignal);
  return signal == nullptr
             ? fmt::format("exit code {}", exit_code)
             : fmt::format("exit code {} (signal {}: {})", exit_code, exit_code - kKilledBySignal, signal);
}

std::vector<std::string> AllNotes(const ExecReport& report) {
  std::vector<std::string> notes = report.notes;
  for (size_t i = 0; i < report.devices.size(); ++i) {
    if (const Result<Interval> energy = EnergyOver(report, i); !energy) {
      notes.push_back(fmt::format("{} is missing: {}", report.devices[i].title, energy.error().message));
    } else if (TooShort(report, i)) {
      notes.push_back(fmt::format("{}: too short for its sensor: the figure is off by as much as one of its steps",
                                  report.devices[i].title));
    }
  }
  return notes;
}

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json OrNull(const std::optional<Watts>& power) {
  return power ? Json(power->value()) : Json();
}

Json DeviceJson(const ExecReport& report, size_t device) {
  const Result<Interval> energy = EnergyOver(report, device);
  const double time = TimeOver(report).mean;
  const std::optional<Watts> idle = IdlePower(report, device);
  return {{"device", report.devices[device].name},
          {"name", report.devices[device].title},
          {"energy_J", energy ? Json(energy->mean) : Json()},
          {"energy_J_ci95", energy ? OrNull(energy->half_width) : Json()},
          {"average_power_W", energy && time > 0 ? Json(energy->mean / time) : Json()},
          {"peak_power_W", OrNull(PeakOver(report, device))},
          {"idle_power_W", OrNull(idle)},
          {"energy_above_idle_J", energy && idle ? Json(energy->mean - idle->value() * time) : Json()},
          {"source", energy ? Json(ProvenanceName(ProvenanceOver(report, device))) : Json()},
          {"too_short", TooShort(report, device)},
          {"failure", energy ? Json() : Json(energy.error().message)}};
}

void AppendCsv(const ExecReport& report, const ExecRun& run, std::string_view name, std::string* csv) {
  for (size_t i = 0; i < report.devices.size(); ++i) {
    const ExecFigure& figure = run.figures[i];
    const std::string energy = figure.energy ? ShortestText(figure.energy->energy.value()) : "";
    const std::string average =
        figure.energy && run.time.value() > 0 ? ShortestText((figure.energy->energy / run.time).value()) : "";
    const std::string peak = figure.peak ? ShortestText(figure.peak->value()) : "";
    fmt::format_to(std::back_inserter(*csv), "{},{},{},{},{},{},{},{}\n", name, report.devices[i].name,
                   ShortestText(run.time.value()), energy, average, peak,
                   figure.energy ? ProvenanceName(figure.energy->provenance) : "missing", run.exit_code);
  }
}

}  // namespace

Result<Interval> EnergyOver(const ExecReport& report, size_t device) {
  std::vector<double> energies;
  for (const ExecRun& run : report.runs) {
    if (!run.figures[device].energy) return std::unexpected(run.figures[device].energy.error());
    energies.push_back(run.figures[device].energy->energy.value());
  }
  return MeanWithConfidence(energies);
}

Result<Interval> GpuEnergyOver(const ExecReport& report) {
  std::vector<double> energies(report.runs.size());
  bool any = false;
  for (size_t i = 0; i < report.devices.size(); ++i) {
    if (!report.devices[i].is_gpu) continue;
    any = true;
    for (size_t run = 0; run < report.runs.size(); ++run) {
      const Result<EnergyFigure>& energy = report.runs[run].figures[i].energy;
      if (!energy) {
        return Fail(energy.error().code,
                    fmt::format("{} is missing: {}", report.devices[i].title, energy.error().message));
      }
      energies[run] += energy->energy.value();
    }
  }
  if (!any) return Fail(ErrorCode::kUnavailable, "there is no GPU");
  return MeanWithConfidence(energies);
}

BudgetVerdict CheckBudget(const ExecReport& report, const ExecBudget& budget) {
  if (!budget.energy && !budget.energy_per_iteration) return {};
  const Result<Interval> energy = GpuEnergyOver(report);
  if (!energy) {
    return {.state = BudgetState::kUnknown,
            .message = fmt::format("whether the energy budget is kept cannot be told: {}", energy.error().message)};
  }
  const std::string runs = report.runs.size() > 1 ? fmt::format(" (mean of {} runs)", report.runs.size()) : "";
  if (budget.energy && energy->mean > budget.energy->value()) {
    return {.state = BudgetState::kPassed,
            .message = fmt::format("energy budget passed: the GPUs used {:.3f} J{}, more than --max-energy {} J",
                                   energy->mean, runs, ShortestTextWhole(budget.energy->value()))};
  }
  const double per_iteration = energy->mean / static_cast<double>(report.iterations.value_or(1));
  if (budget.energy_per_iteration && per_iteration > budget.energy_per_iteration->value()) {
    return {.state = BudgetState::kPassed,
            .message = fmt::format("energy budget passed: the GPUs used {:.6g} J an iteration{}, more than "
                                   "--max-energy-per {} J",
                                   per_iteration, runs, ShortestTextWhole(budget.energy_per_iteration->value()))};
  }
  return {};
}

std::string ExecText(const ExecReport& report, const Console& console) {
  const Interval time = TimeOver(report);
  const size_t runs = report.runs.size();
  std::string text =
      fmt::format("\n{}: {}{}, {}\n\n", console.Styled(Style::kBold, fmt::format("{}", fmt::join(report.command, " "))),
                  runs > 1 ? fmt::format("{} runs of ", runs) : "",
                  WithInterval(fmt::format("{:.3f} s", time.mean), time, "s"), EndText(report.runs.back().exit_code));
  std::vector<Table::Column> columns{{"device", Align::kLeft}, {"energy"}, {"average"}, {"peak"}};
  if (report.idle) columns.push_back({"idle"});
  columns.push_back({"figures", Align::kLeft});
  Table table(columns);
  const auto add = [&](const std::string& title, const Result<Interval>& energy, const std::string& peak,
                       std::optional<Watts> idle, std::string_view source, Style style) {
    std::vector<std::string> cells{title, energy ? EnergyText(*energy) : "-",
                                   energy ? PowerText(Joules(energy->mean) / Seconds(time.mean)) : "-", peak};
    if (report.idle) cells.push_back(PowerText(idle));
    cells.emplace_back(source);
    table.AddRow(std::move(cells), style);
  };
  size_t gpus = 0;
  Watts idle_of_all;
  for (size_t i = 0; i < report.devices.size(); ++i) {
    const Result<Interval> energy = EnergyOver(report, i);
    if (report.devices[i].is_gpu) {
      ++gpus;
      idle_of_all += IdlePower(report, i).value_or(Watts(0));
    }
    add(report.devices[i].title, energy, PowerText(PeakOver(report, i)), IdlePower(report, i),
        energy ? ProvenanceName(ProvenanceOver(report, i)) : "missing", energy ? Style::kPlain : Style::kBad);
  }
  const Result<Interval> all = GpuEnergyOver(report);
  if (gpus > 1) add("all GPUs", all, "", idle_of_all, "", Style::kBold);
  if (table.rows() > 0) text += table.ToText(console);
  if (report.iterations && all) {
    text += fmt::format("{:.6g} J an iteration, {} iterations a run\n",
                        all->mean / static_cast<double>(*report.iterations), *report.iterations);
  }
  if (report.idle) text += fmt::format("Idle power was measured for {:.1f} s before.\n", report.idle->time.value());
  for (const std::string& note : AllNotes(report)) text += fmt::format("- {}\n", note);
  return text;
}

std::string ExecJson(const ExecReport& report) {
  const Interval time = TimeOver(report);
  const Result<Interval> all = GpuEnergyOver(report);
  Json document{{"command", report.command},
                {"exit_code", report.runs.back().exit_code},
                {"runs", report.runs.size()},
                {"time_s", time.mean},
                {"time_s_ci95", OrNull(time.half_width)},
                {"gpu_energy_J", all ? Json(all->mean) : Json()},
                {"gpu_energy_J_ci95", all ? OrNull(all->half_width) : Json()},
                {"iterations", report.iterations ? Json(*report.iterations) : Json()},
                {"gpu_energy_per_iteration_J",
                 all && report.iterations ? Json(all->mean / static_cast<double>(*report.iterations)) : Json()}};
  document["devices"] = Json::array();
  for (size_t i = 0; i < report.devices.size(); ++i) document["devices"].push_back(DeviceJson(report, i));
  document["idle_s"] = report.idle ? Json(report.idle->time.value()) : Json();
  document["notes"] = AllNotes(report);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ExecCsv(const ExecReport& report) {
  std::string csv = "run,device,time_s,energy_J,average_power_W,peak_power_W,source,exit_code\n";
  if (report.idle) AppendCsv(report, *report.idle, "idle", &csv);
  for (size_t i = 0; i < report.runs.size(); ++i) AppendCsv(report, report.runs[i], std::to_string(i + 1), &csv);
  return csv;
}

}  // namespace zeus
