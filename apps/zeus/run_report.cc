#include "apps/zeus/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "apps/zeus/cost_plot.h"
#include "apps/zeus/recurrence_report.h"
#include "apps/zeus/table.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

constexpr size_t kLast = 10;

// Recurrences that ended; the last one may not have.
std::span<const RecurrenceSummary> Ended(const RunReport& report) {
  std::span<const RecurrenceSummary> all = report.recurrences;
  return !all.empty() && !all.back().reached ? all.first(all.size() - 1) : all;
}

std::span<const RecurrenceSummary> LastOf(std::span<const RecurrenceSummary> all) {
  return all.last(std::min(kLast, all.size()));
}

std::optional<FoundKnobs> Find(const RunReport& report) {
  const std::span<const RecurrenceSummary> ended = Ended(report);
  return ended.empty() ? std::nullopt : std::optional(FindKnobs(ended));
}

std::string ComparisonTable(const RunFigures& base, const RunFigures& found, const Console& console) {
  Table table({{"one recurrence at", Align::kLeft},
               {"batch size"},
               {"power limit"},
               {"energy"},
               {"time"},
               {"cost"},
               {"energy vs default"},
               {"time vs default"}});
  const auto add = [&](const char* name, const RunFigures& figures, Style style) {
    table.AddRow(
        {name, std::to_string(figures.batch_size), WattsText(figures.power_limit), JoulesText(figures.energy.value()),
         SecondsText(figures.time.value()), JoulesText(figures.cost.value()),
         ChangeText(figures.energy.value(), base.energy.value()), ChangeText(figures.time.value(), base.time.value())},
        style);
  };
  add("your default, first time", base, Style::kPlain);
  add("found, mean of its last", found, Style::kGood);
  return table.ToText(console);
}

Json ToJson(const std::optional<RunFigures>& figures) {
  if (!figures) return {};
  Json json;
  json["batch_size"] = figures->batch_size;
  json["power_limit_W"] = figures->power_limit.value();
  json["energy_J"] = figures->energy.value();
  json["time_s"] = figures->time.value();
  json["cost_J"] = figures->cost.value();
  return json;
}

}  // namespace

std::optional<RunFigures> DefaultFigures(const RunReport& report) {
  for (const RecurrenceSummary& each : Ended(report)) {
    if (each.batch_size != report.identity.job.default_batch_size) continue;
    return RunFigures{.batch_size = each.batch_size,
                      .power_limit = each.power_limit,
                      .energy = each.energy,
                      .time = each.time,
                      .cost = each.cost};
  }
  return std::nullopt;
}

std::optional<RunFigures> FoundFigures(const RunReport& report) {
  const std::optional<FoundKnobs> found = Find(report);
  if (!found) return std::nullopt;
  RunFigures figures{
      .batch_size = found->batch_size, .power_limit = found->power_limit, .energy = {}, .time = {}, .cost = {}};
  double count = 0;
  for (const RecurrenceSummary& each : LastOf(Ended(report))) {
    if (each.batch_size != found->batch_size || each.power_limit != found->power_limit) continue;
    figures.energy += each.energy;
    figures.time += each.time;
    figures.cost += each.cost;
    ++count;
  }
  figures.energy = figures.energy / count;
  figures.time = figures.time / count;
  figures.cost = figures.cost / count;
  return figures;
}

std::optional<int64_t> SettledAfter(const RunReport& report) {
  const std::optional<FoundKnobs> found = Find(report);
  return found ? found->settled_after : std::nullopt;
}

std::string RunText(const RunReport& report, const Console& console) {
  const JobIdentity& job = report.identity.job;
  std::string text = console.Styled(
      Style::kBold,
      fmt::format("{} ({}, {}) to {}, default batch size {}, eta {}, beta {}, seed {}, policy {}{}",
                  job.workload.dataset, job.workload.network, job.workload.optimizer,
                  ShortestTextWhole(job.target_metric), job.default_batch_size, ShortestTextWhole(report.identity.eta),
                  ShortestTextWhole(report.identity.beta), report.identity.seed, report.identity.batch_policy,
                  report.identity.observer == ObserverMode::kOn ? ", observer mode" : ""));
  text += "\n\n" + RecurrenceTable(report.recurrences, console);
  const std::optional<RunFigures> found = FoundFigures(report);
  if (found) {
    text += "\n" + console.Styled(Style::kBold, fmt::format("Found: batch size {} at {}", found->batch_size,
                                                            WattsText(found->power_limit)));
    const size_t count = Ended(report).size();
    if (const std::optional<int64_t> settled = SettledAfter(report)) {
      text += fmt::format(", after {} of {} recurrences\n", *settled, count);
    } else {
      text += fmt::format("; not settled within {} recurrences\n", count);
    }
    if (const std::optional<RunFigures> base = DefaultFigures(report)) {
      text += "\n" + ComparisonTable(*base, *found, console);
    }
  }
  if (!report.picture.empty()) text += fmt::format("\nPicture of the cost of each recurrence: {}", report.picture);
  text += fmt::format("\nLogs and history: {}\n", report.log_dir.string());
  return text;
}

std::string RunJson(const RunReport& report) {
  const RunIdentity& identity = report.identity;
  const JobIdentity& job = identity.job;
  Json document;
  document["job"] = JobToJson(job);
  document["log_dir"] = report.log_dir.string();
  document["max_power_W"] = identity.max_power.value();
  document["eta"] = identity.eta;
  document["beta"] = NumberToJson(identity.beta);
  document["seed"] = identity.seed;
  document["window"] = identity.window;
  document["batch_policy"] = identity.batch_policy;
  document["power_policy"] = identity.power_policy;
  document["observer"] = identity.observer == ObserverMode::kOn;
  document["recurrences"] = RecurrencesToJson(report.recurrences);
  document["found"] = ToJson(FoundFigures(report));
  if (document["found"].is_object()) {
    const std::optional<int64_t> settled = SettledAfter(report);
    document["found"]["settled_after"] = settled ? Json(*settled) : Json();
  }
  document["default"] = ToJson(DefaultFigures(report));
  document["failure"] = report.failure.empty() ? Json() : Json(report.failure);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string RunPlot(const RunReport& report) {
  const JobIdentity& job = report.identity.job;
  const auto level = [](const char* label, const std::optional<RunFigures>& figures) {
    if (!figures) return std::optional<CostLevel>();
    return std::optional(CostLevel{
        .label = label, .batch_size = figures->batch_size, .power_limit = figures->power_limit, .cost = figures->cost});
  };
  return CostPlotSvg({.title = fmt::format("{} ({}): cost of each recurrence with {}", job.workload.dataset,
                                           job.workload.network, report.identity.batch_policy),
                      .recurrences = report.recurrences,
                      .default_level = level("default", DefaultFigures(report)),
                      .best_level = level("found", FoundFigures(report))});
}

}  // namespace zeus
