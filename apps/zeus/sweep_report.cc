#include "apps/zeus/sweep_report.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

#include "apps/zeus/table.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"
#include "zeus/trace/csv_text.h"

namespace zeus {
namespace {

// The figures of a row by the names they have in CSV and JSON; "_ci95" follows for the interval's half width.
constexpr std::array<std::pair<const char*, Interval SweepRow::*>, 10> kFigures = {{
    {"cost_J", &SweepRow::cost},
    {"regret_oracle_recurrences", &SweepRow::regret},
    {"regret_first_ten", &SweepRow::regret_first_ten},
    {"cost_last_five_oracle_recurrences", &SweepRow::last_five_cost},
    {"expected_regret", &SweepRow::expected_regret},
    {"expected_regret_first_ten", &SweepRow::expected_regret_first_ten},
    {"energy_saved", &SweepRow::energy_saved},
    {"time_saved", &SweepRow::time_saved},
    {"energy_saved_last_five", &SweepRow::energy_saved_last_five},
    {"time_saved_last_five", &SweepRow::time_saved_last_five},
}};

bool HasFigures(const SweepRow& row) {
  return row.failed < row.runs;
}

std::string WithInterval(const Interval& interval, double factor, const char* unit) {
  if (!interval.half_width) return fmt::format("{:.2f}{}", factor * interval.mean, unit);
  return fmt::format("{:.2f} ± {:.2f}{}", factor * interval.mean, factor * *interval.half_width, unit);
}

// The interval as a part of the mean: costs differ by orders of magnitude.
std::string CostText(const Interval& cost) {
  std::string mean = JoulesText(cost.mean);
  if (!cost.half_width) return mean;
  return fmt::format("{} ± {:.1f}%", mean, 100 * *cost.half_width / cost.mean);
}

std::string PolicyText(const SweepCase& each) {
  const PolicyNames& names = each.options.policies;
  if (names.power_limit == kDefaultPowerLimitPolicy) return names.batch_size;
  return fmt::format("{}/{}", names.batch_size, names.power_limit);
}

std::string CaseText(const SweepCase& each) {
  return fmt::format("{} {} {} eta {}", each.gpu, each.trace->job.workload.dataset,
                     ShortestTextWhole(each.trace->job.target_metric), ShortestTextWhole(each.options.eta));
}

}  // namespace

std::string SweepText(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows, const Console& console) {
  Table table({{"gpu", Align::kLeft},
               {"workload", Align::kLeft},
               {"target"},
               {"eta"},
               {"beta"},
               {"policy", Align::kLeft},
               {"runs"},
               {"failed"},
               {"recurrences"},
               {"cost"},
               {"regret"},
               {"energy saved"},
               {"time saved"},
               {"last 5: energy"},
               {"last 5: time"}});
  for (size_t i = 0; i < cases.size(); ++i) {
    const SweepRow& row = rows[i];
    const SimulationOptions& options = cases[i].options;
    std::vector<std::string> cells = {cases[i].gpu,
                                      cases[i].trace->job.workload.dataset,
                                      ShortestTextWhole(cases[i].trace->job.target_metric),
                                      ShortestTextWhole(options.eta),
                                      ShortestTextWhole(options.beta),
                                      PolicyText(cases[i]),
                                      std::to_string(row.runs),
                                      std::to_string(row.failed),
                                      std::to_string(row.recurrences)};
    if (HasFigures(row)) {
      cells.push_back(CostText(row.cost));
      cells.push_back(WithInterval(row.regret, 1, ""));
      cells.push_back(WithInterval(row.energy_saved, 100, "%"));
      cells.push_back(WithInterval(row.time_saved, 100, "%"));
      cells.push_back(WithInterval(row.energy_saved_last_five, 100, "%"));
      cells.push_back(WithInterval(row.time_saved_last_five, 100, "%"));
    } else {
      cells.resize(15, "-");
    }
    table.AddRow(std::move(cells), row.failed > 0 ? Style::kBad : Style::kPlain);
  }
  return table.ToText(console) +
         "\nRegret: cost beyond the best possible, in recurrences at the best batch size and power limit. Saved: "
         "against "
         "the default\nbatch size at the highest power limit. ±: half of the 95% confidence interval over the seeds.\n";
}

std::string SweepCsv(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows) {
  std::string csv =
      "gpu,dataset,network,optimizer,target_metric,eta,beta,batch_policy,power_policy,window,runs,failed,recurrences";
  for (const auto& [name, figure] : kFigures) fmt::format_to(std::back_inserter(csv), ",{0},{0}_ci95", name);
  csv += '\n';
  for (size_t i = 0; i < cases.size(); ++i) {
    const Workload& workload = cases[i].trace->job.workload;
    const SimulationOptions& options = cases[i].options;
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{},{},{},{},{},{},{}", CsvField(cases[i].gpu),
                   CsvField(workload.dataset), CsvField(workload.network), CsvField(workload.optimizer),
                   ShortestText(cases[i].trace->job.target_metric), ShortestText(options.eta),
                   ShortestText(options.beta), CsvField(options.policies.batch_size),
                   CsvField(options.policies.power_limit), options.window, rows[i].runs, rows[i].failed,
                   rows[i].recurrences);
    for (const auto& [name, figure] : kFigures) {
      const Interval& interval = rows[i].*figure;
      fmt::format_to(std::back_inserter(csv), ",{},{}", HasFigures(rows[i]) ? ShortestText(interval.mean) : "",
                     interval.half_width ? ShortestText(*interval.half_width) : "");
    }
    csv += '\n';
  }
  return csv;
}

std::string SweepJson(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows,
                      std::span<const PolicyComparison> comparisons) {
  Json document;
  document["cases"] = Json::array();
  for (size_t i = 0; i < cases.size(); ++i) {
    const JobIdentity& job = cases[i].trace->job;
    const SimulationOptions& options = cases[i].options;
    Json json;
    json["gpu"] = cases[i].gpu;
    json["dataset"] = job.workload.dataset;
    json["network"] = job.workload.network;
    json["optimizer"] = job.workload.optimizer;
    json["target_metric"] = job.target_metric;
    json["eta"] = options.eta;
    json["beta"] = NumberToJson(options.beta);
    json["batch_policy"] = options.policies.batch_size;
    json["power_policy"] = options.policies.power_limit;
    json["window"] = options.window;
    json["runs"] = rows[i].runs;
    json["failed"] = rows[i].failed;
    json["first_failure"] = rows[i].failed > 0 ? Json(rows[i].first_failure) : Json();
    json["recurrences"] = rows[i].recurrences;
    for (const auto& [name, figure] : kFigures) {
      const Interval& interval = rows[i].*figure;
      json[name] = HasFigures(rows[i]) ? Json(interval.mean) : Json();
      json[std::string(name) + "_ci95"] = interval.half_width ? Json(*interval.half_width) : Json();
    }
    document["cases"].push_back(std::move(json));
  }
  if (comparisons.empty()) return document.dump(2) + "\n";
  document["comparisons"] = Json::array();
  for (const PolicyComparison& each : comparisons) {
    document["comparisons"].push_back(Json{{"policy", PolicyText(cases[each.example])},
                                           {"against", PolicyText(cases[each.against_example])},
                                           {"pairs", each.pairs},
                                           {"regret_ratio", NumberToJson(each.ratio)},
                                           {"regret_ratio_first_ten", NumberToJson(each.ratio_first_ten)},
                                           {"worst_ratio", NumberToJson(each.worst_ratio)},
                                           {"worst_ratio_case", CaseText(cases[each.worst_ratio_case])},
                                           {"most_lost", NumberToJson(each.most_lost)},
                                           {"most_lost_case", CaseText(cases[each.most_lost_case])}});
  }
  return document.dump(2) + "\n";
}

std::string ComparisonText(const std::vector<SweepCase>& cases, std::span<const PolicyComparison> comparisons,
                           const Console& console) {
  Table table({{"policy", Align::kLeft},
               {"against", Align::kLeft},
               {"pairs"},
               {"regret"},
               {"first 10"},
               {"worst pair"},
               {"which", Align::kLeft},
               {"most lost"},
               {"where", Align::kLeft}});
  for (const PolicyComparison& each : comparisons) {
    table.AddRow({PolicyText(cases[each.example]), PolicyText(cases[each.against_example]), std::to_string(each.pairs),
                  fmt::format("{:.3f}", each.ratio), fmt::format("{:.3f}", each.ratio_first_ten),
                  fmt::format("{:.2f}", each.worst_ratio), CaseText(cases[each.worst_ratio_case]),
                  fmt::format("{:.2f}", each.most_lost), CaseText(cases[each.most_lost_case])});
  }
  return table.ToText(console) +
         "\nGeometric means of (expected regret + 0.1) / (expected regret of the other + 0.1). Lost: expected regret "
         "beyond the\nother's.\n";
}

}  // namespace zeus
