#include "apps/zeus/simulate_report.h"

#include <fmt/format.h>

#include "apps/zeus/cost_plot.h"
#include "apps/zeus/recurrence_report.h"
#include "apps/zeus/table.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

std::string ComparisonTable(const RunSummary& summary, const Console& console) {
  Table table({{"one recurrence at", Align::kLeft},
               {"batch size"},
               {"power limit"},
               {"energy"},
               {"time"},
               {"cost"},
               {"energy vs default"},
               {"time vs default"}});
  const auto add = [&](const char* name, const ExpectedRecurrence& expected, Style style) {
    table.AddRow(
        {name, std::to_string(expected.batch_size), WattsText(expected.power_limit),
         JoulesText(expected.energy.value()), SecondsText(expected.time.value()), JoulesText(expected.cost.value()),
         ChangeText(expected.energy.value(), summary.default_knobs.energy.value()),
         ChangeText(expected.time.value(), summary.default_knobs.time.value())},
        style);
  };
  add("your default", summary.default_knobs, Style::kPlain);
  if (summary.found.expected) add("found", *summary.found.expected, Style::kGood);
  add("best possible", summary.oracle, Style::kPlain);
  return table.ToText(console);
}

std::string SummaryText(const RunSummary& summary, const Console& console) {
  const FoundKnobs& found = summary.found;
  std::string text = console.Styled(
      Style::kBold, fmt::format("Found: batch size {} at {}", found.batch_size, WattsText(found.power_limit)));
  if (found.settled_after) {
    text += fmt::format(", after {} of {} recurrences", *found.settled_after, summary.recurrences);
  } else {
    text += fmt::format("; not settled within {} recurrences", summary.recurrences);
  }
  text += "\n\n" + ComparisonTable(summary, console) + "\n";
  const auto saved = [](const Savings& savings) {
    return fmt::format("energy {}, time {}", PercentText(savings.energy), PercentText(savings.time));
  };
  text += fmt::format("Saved against the default, last five recurrences: {}\n", saved(summary.saved_last_five));
  text += fmt::format("Saved against the default, all {} recurrences, learning included: {}\n", summary.recurrences,
                      saved(summary.saved));
  text += fmt::format(
      "Against the best possible: learning cost {:.2f} recurrences more; the last five cost {:.3f} times as much\n",
      summary.regret, summary.last_five_cost);
  return text;
}

std::string Title(const SimulateReport& report) {
  const JobIdentity& job = report.trace->job;
  return fmt::format("{} ({}, {}) to {} on {}, default batch size {}, eta {}, beta {}, seed {}, policies {} and {}",
                     job.workload.dataset, job.workload.network, job.workload.optimizer,
                     ShortestTextWhole(job.target_metric), report.gpu, job.default_batch_size,
                     ShortestTextWhole(report.options.eta), ShortestTextWhole(report.options.beta), report.options.seed,
                     report.options.policies.batch_size, report.options.policies.power_limit);
}

Json ToJson(const ExpectedRecurrence& expected) {
  Json json;
  json["batch_size"] = expected.batch_size;
  json["power_limit_W"] = expected.power_limit.value();
  json["energy_J"] = expected.energy.value();
  json["time_s"] = expected.time.value();
  json["cost_J"] = expected.cost.value();
  return json;
}

Json ToJson(const RunSummary& summary) {
  Json json;
  json["recurrences"] = summary.recurrences;
  json["energy_J"] = summary.energy.value();
  json["time_s"] = summary.time.value();
  json["cost_J"] = summary.cost.value();
  json["regret_oracle_recurrences"] = summary.regret;
  json["energy_saved"] = summary.saved.energy;
  json["time_saved"] = summary.saved.time;
  json["energy_saved_last_five"] = summary.saved_last_five.energy;
  json["time_saved_last_five"] = summary.saved_last_five.time;
  json["cost_last_five_oracle_recurrences"] = summary.last_five_cost;
  Json found;
  found["batch_size"] = summary.found.batch_size;
  found["power_limit_W"] = summary.found.power_limit.value();
  found["settled_after"] = summary.found.settled_after ? Json(*summary.found.settled_after) : Json();
  found["expected"] = summary.found.expected ? ToJson(*summary.found.expected) : Json();
  json["found"] = std::move(found);
  json["default"] = ToJson(summary.default_knobs);
  json["oracle"] = ToJson(summary.oracle);
  return json;
}

}  // namespace

std::string ReportText(const SimulateReport& report, const Console& console) {
  std::string text =
      console.Styled(Style::kBold, Title(report)) + "\n\n" + RecurrenceTable(report.recurrences, console);
  if (report.summary) text += "\n" + SummaryText(*report.summary, console);
  return text;
}

std::string ReportJson(const SimulateReport& report) {
  const JobIdentity& job = report.trace->job;
  Json document;
  document["job"] = JobToJson(job);
  document["gpu"] = report.gpu;
  document["max_power_W"] = report.trace->max_power.value();
  document["eta"] = report.options.eta;
  document["beta"] = NumberToJson(report.options.beta);
  document["seed"] = report.options.seed;
  document["window"] = report.options.window;
  document["concurrency"] = report.options.concurrency == Concurrency::kOn;
  document["batch_policy"] = report.options.policies.batch_size;
  document["power_policy"] = report.options.policies.power_limit;
  document["recurrences"] = RecurrencesToJson(report.recurrences);
  document["summary"] = report.summary ? ToJson(*report.summary) : Json();
  document["failure"] = report.failure.empty() ? Json() : Json(report.failure);
  return document.dump(2) + "\n";
}

std::string ReportPlot(const SimulateReport& report) {
  CostPlot plot{.title = fmt::format("{} on {}: cost of each recurrence with {}", report.trace->job.workload.dataset,
                                     report.gpu, report.options.policies.batch_size),
                .recurrences = report.recurrences,
                .default_level = {},
                .best_level = {}};
  const auto level = [](const char* label, const ExpectedRecurrence& expected) {
    return CostLevel{
        .label = label, .batch_size = expected.batch_size, .power_limit = expected.power_limit, .cost = expected.cost};
  };
  if (report.summary) {
    plot.default_level = level("default", report.summary->default_knobs);
    plot.best_level = level("best", report.summary->oracle);
  }
  return CostPlotSvg(plot);
}

}  // namespace zeus
