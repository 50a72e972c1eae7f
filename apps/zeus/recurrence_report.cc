#include "apps/zeus/recurrence_report.h"

#include <fmt/format.h>

#include "apps/zeus/table.h"
#include "zeus/base/number_text.h"

namespace zeus {

std::string WattsText(Watts power) {
  return ShortestTextWhole(power.value()) + " W";
}

std::string ChangeText(double value, double of_default) {
  return of_default > 0 ? fmt::format("{:+.1f}%", 100 * (value / of_default - 1)) : "-";
}

std::string RecurrenceTable(std::span<const RecurrenceSummary> recurrences, const Console& console) {
  Table table({{"recurrence"},
               {"tries"},
               {"batch size"},
               {"power limit"},
               {"energy"},
               {"time"},
               {"cost"},
               {"reached", Align::kLeft}});
  for (const RecurrenceSummary& each : recurrences) {
    table.AddRow({std::to_string(each.recurrence + 1), std::to_string(each.tries), std::to_string(each.batch_size),
                  WattsText(each.power_limit), JoulesText(each.energy.value()), SecondsText(each.time.value()),
                  JoulesText(each.cost.value()), each.reached ? "yes" : "no"},
                 each.reached ? Style::kPlain : Style::kBad);
  }
  return table.ToText(console);
}

Json JobToJson(const JobIdentity& job) {
  return {{"dataset", job.workload.dataset},     {"network", job.workload.network},
          {"optimizer", job.workload.optimizer}, {"target_metric", job.target_metric},
          {"max_epochs", job.max_epochs},        {"default_batch_size", job.default_batch_size}};
}

Json RecurrencesToJson(std::span<const RecurrenceSummary> recurrences) {
  Json list = Json::array();
  for (const RecurrenceSummary& each : recurrences) {
    Json json;
    json["rec"] = each.recurrence;
    json["tries"] = each.tries;
    json["bs"] = each.batch_size;
    json["pl"] = each.power_limit.value();
    json["energy_J"] = each.energy.value();
    json["time_s"] = each.time.value();
    json["cost_J"] = each.cost.value();
    json["reached"] = each.reached;
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace zeus
