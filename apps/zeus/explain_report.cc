#include "apps/zeus/explain_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/zeus/recurrence_report.h"
#include "apps/zeus/table.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

std::string Title(const ExplainReport& report) {
  return fmt::format("{} ({}, {}) to {} on {}: what {} believes after {}", report.job.workload.dataset,
                     report.job.workload.network, report.job.workload.optimizer,
                     ShortestTextWhole(report.job.target_metric), report.where, report.batch_policy,
                     report.recurrences == 1 ? "1 recurrence" : fmt::format("{} recurrences", report.recurrences));
}

template <class Text>
std::string NumberText(const std::optional<BelievedNumber>& number, Text text) {
  return number ? text(number->mean) : "-";
}

template <class Text>
std::string IntervalText(const std::optional<BelievedNumber>& number, Text text) {
  return number ? fmt::format("{} to {}", text(number->low), text(number->high)) : "-";
}

std::string EpochsText(double epochs) {
  return fmt::format("{:.1f}", epochs);
}

std::string NextText(const ExplainReport& report) {
  const PolicyExplanation& explanation = report.explanation;
  std::string text = fmt::format("Next: batch size {}; {}", explanation.next_batch_size, explanation.reason);
  const auto next = std::ranges::find(explanation.sizes, explanation.next_batch_size, &BatchSizeBelief::batch_size);
  if (next != explanation.sizes.end() && next->trial) {
    text += fmt::format(": expected to save {} in each, for {} beyond the incumbent",
                        JoulesText(next->trial->gain.value()), JoulesText(next->trial->price.value()));
  }
  return text + ".";
}

Json ToJson(const std::optional<BelievedNumber>& number) {
  if (!number) return {};
  return {{"mean", number->mean}, {"low", number->low}, {"high", number->high}};
}

}  // namespace

std::string ExplainText(const ExplainReport& report, const Console& console) {
  std::vector<Table::Column> columns = {{"batch size"},       {"runs"},    {"reached"},
                                        {"epoch costs"},      {"epochs"},  {"9 in 10"},
                                        {"recurrence costs"}, {"9 in 10"}, {"is best"}};
  if (!report.truth.empty()) columns.push_back({"really costs"});
  columns.push_back({"verdict", Align::kLeft});
  Table table(std::move(columns));
  for (size_t i = 0; i < report.explanation.sizes.size(); ++i) {
    const BatchSizeBelief& size = report.explanation.sizes[i];
    std::vector<std::string> cells = {
        std::to_string(size.batch_size),
        std::to_string(size.runs),
        size.reached ? std::to_string(*size.reached) : "-",
        NumberText(size.epoch_cost, JoulesText),
        NumberText(size.epochs, EpochsText),
        IntervalText(size.epochs, EpochsText),
        NumberText(size.cost, JoulesText),
        IntervalText(size.cost, JoulesText),
        size.best_probability ? fmt::format("{:.0f}%", 100 * *size.best_probability) : "-"};
    if (!report.truth.empty())
      cells.push_back(report.truth[i] ? JoulesText(report.truth[i]->value()) : "never reached");
    cells.push_back(size.verdict);
    table.AddRow(std::move(cells),
                 size.batch_size == report.explanation.next_batch_size ? Style::kBold : Style::kPlain);
  }
  return console.Styled(Style::kBold, Title(report)) + "\n\n" + table.ToText(console) + "\n" + NextText(report) + "\n";
}

std::string ExplainJson(const ExplainReport& report) {
  Json document;
  document["job"] = JobToJson(report.job);
  document["where"] = report.where;
  document["batch_policy"] = report.batch_policy;
  document["recurrences"] = report.recurrences;
  document["next"] = {{"batch_size", report.explanation.next_batch_size}, {"reason", report.explanation.reason}};
  Json list = Json::array();
  for (size_t i = 0; i < report.explanation.sizes.size(); ++i) {
    const BatchSizeBelief& size = report.explanation.sizes[i];
    Json json;
    json["batch_size"] = size.batch_size;
    json["runs"] = size.runs;
    json["reached"] = size.reached ? Json(*size.reached) : Json();
    json["epoch_cost_J"] = ToJson(size.epoch_cost);
    json["epochs"] = ToJson(size.epochs);
    json["cost_J"] = ToJson(size.cost);
    json["best_probability"] = size.best_probability ? Json(*size.best_probability) : Json();
    json["trial"] = size.trial ? Json{{"gain_J", size.trial->gain.value()},
                                      {"price_J", size.trial->price.value()},
                                      {"score_J", size.trial->score.value()},
                                      {"rank_J", size.trial->rank.value()}}
                               : Json();
    json["verdict"] = size.verdict;
    if (!report.truth.empty()) json["true_cost_J"] = report.truth[i] ? Json(report.truth[i]->value()) : Json();
    list.push_back(std::move(json));
  }
  document["batch_sizes"] = std::move(list);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace zeus
