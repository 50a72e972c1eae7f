#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/zeus/analyze_plot.h"
#include "apps/zeus/command.h"
#include "apps/zeus/number_range.h"
#include "apps/zeus/table.h"
#include "zeus/trace/power_log_analysis.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus emulate -- zeus_monitor power.csv 1 100\n"
    "  zeus analyze power.csv\n"
    "  zeus analyze power.csv --start 0.2 --end -0.2 --json\n"
    "  zeus analyze power.csv --plot power.svg\n"
    "\n"
    "LOG has the columns Time and Power, as zeus_monitor writes it. Energy is the area under the samples from START "
    "to\n"
    "END, by the trapezoid rule; average power is that energy over the time from the first to the last of them.";

constexpr double kLongest = 1e9;

struct AnalyzeFlags {
  std::string log;
  std::optional<double> start;
  std::optional<double> end;
  bool json = false;
  std::string plot;
};

std::optional<Seconds> ToSeconds(std::optional<double> flag) {
  return flag ? std::optional(Seconds(*flag)) : std::nullopt;
}

double Since(WallTime begin, WallTime time) {
  return std::chrono::duration<double>(time - begin).count();
}

std::string ToJson(const std::string& log, const PowerLogSummary& summary) {
  const nlohmann::ordered_json document{{"log", log},
                                        {"samples", summary.samples},
                                        {"first", WallTimeText(summary.first)},
                                        {"last", WallTimeText(summary.last)},
                                        {"start_s", Since(summary.log_begin, summary.first)},
                                        {"end_s", Since(summary.log_begin, summary.last)},
                                        {"time_s", summary.time.value()},
                                        {"energy_J", summary.energy.value()},
                                        {"average_power_W", summary.average.value()},
                                        {"lowest_power_W", summary.lowest.value()},
                                        {"peak_power_W", summary.peak.value()},
                                        {"longest_gap_s", summary.longest_gap.value()},
                                        {"incomplete_last_line", summary.incomplete_line}};
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string ToText(const PowerLogSummary& summary, const Console& console) {
  Table table({{"figure", Align::kLeft}, {"value", Align::kLeft}});
  table.AddRow({"samples", fmt::format("{}, the longest gap {:.3f} s", summary.samples, summary.longest_gap.value())});
  table.AddRow({"first", fmt::format("{} UTC, {:.3f} s into the log", WallTimeText(summary.first),
                                     Since(summary.log_begin, summary.first))});
  table.AddRow({"last", fmt::format("{} UTC, {:.3f} s into the log", WallTimeText(summary.last),
                                    Since(summary.log_begin, summary.last))});
  table.AddRow({"time", fmt::format("{:.3f} s", summary.time.value())});
  const double joules = summary.energy.value();
  const std::string exact = fmt::format("{:.3f} J", joules);
  table.AddRow({"energy", joules < 1000 ? exact : fmt::format("{} ({})", JoulesText(joules), exact)}, Style::kBold);
  table.AddRow({"average power", fmt::format("{:.3f} W", summary.average.value())}, Style::kBold);
  table.AddRow({"lowest power", fmt::format("{:.3f} W", summary.lowest.value())});
  table.AddRow({"peak power", fmt::format("{:.3f} W", summary.peak.value())});
  return table.ToText(console);
}

Result<void> RunAnalyze(const AnalyzeFlags& flags, const Console& console) {
  PowerPlot plot;
  PowerLogObserver observe;
  if (!flags.plot.empty()) {
    observe = [&plot](Seconds time, const PowerLogSample& sample) { plot.Add(time, sample.power); };
  }
  const PowerLogSpan span{.start = ToSeconds(flags.start), .end = ToSeconds(flags.end)};
  ZEUS_ASSIGN_OR_RETURN(const PowerLogSummary summary, AnalyzePowerLog(flags.log, span, observe));
  if (summary.incomplete_line) {
    console.Note(fmt::format("zeus: {}: the last line is incomplete and left out", flags.log));
  }
  if (!flags.plot.empty()) {
    const std::string title = fmt::format("{}: {} in {:.1f} s", std::filesystem::path(flags.log).filename().string(),
                                          JoulesText(summary.energy.value()), summary.time.value());
    ZEUS_RETURN_IF_ERROR(WriteOutput(console, flags.plot, plot.ToSvg(title, summary.average)));
    if (flags.plot == "-") return {};
  }
  return console.Print(flags.json ? ToJson(flags.log, summary) : ToText(summary, console));
}

}  // namespace

void AddAnalyzeCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<AnalyzeFlags>();
  CLI::App* const command = app.add_subcommand("analyze", "Energy and average power of a power log between two times");
  command->add_option("log", flags->log, "The power log")->type_name("FILE")->required();
  for (auto [name, value, description] :
       {std::tuple{"--start", &flags->start, "Seconds from the first sample, or if negative from the last [the begin]"},
        std::tuple{"--end", &flags->end, "Seconds from the first sample, or if negative from the last [the end]"}}) {
    command->add_option(name, *value, description)->type_name("T")->transform(NumberFrom(-kLongest, kLongest));
  }
  command->add_flag("--json", flags->json, "Print JSON instead of a table");
  command
      ->add_option("--plot", flags->plot, "Draw power over time (SVG); - for standard output, and nothing else there")
      ->type_name("FILE");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunAnalyze(*flags, console); };
  });
}

}  // namespace zeus
