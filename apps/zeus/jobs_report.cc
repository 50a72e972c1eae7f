#include "apps/zeus/jobs_report.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/zeus/table.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

// A job's name comes from others: what moves a terminal's cursor does not come through.
std::string Visible(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool second_half = i > 0 && text[i - 1] == '\xC2' && byte >= 0x80 && byte < 0xA0;
    if (byte < 0x20 || byte == 0x7F || second_half) text[i] = '?';
    if (second_half) text[i - 1] = '?';
  }
  return text;
}

Result<std::string> TextOf(const JsonPlace& place, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
  return field.Text();
}

Result<int64_t> IntegerOf(const JsonPlace& place, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
  return field.Integer();
}

// "-" where there is none.
Result<std::string> JoulesOf(const JsonPlace& place, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> field, place.OptionalField(name));
  if (!field) return "-";
  ZEUS_ASSIGN_OR_RETURN(const double joules, field->Number());
  return JoulesText(joules);
}

Result<std::vector<JsonPlace>> ElementsOf(const JsonPlace& place, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
  return field.Elements();
}

Result<void> AddJob(const JsonPlace& job, Table* table) {
  ZEUS_ASSIGN_OR_RETURN(const std::string id, TextOf(job, "job_id"));
  ZEUS_ASSIGN_OR_RETURN(const std::string stage, TextOf(job, "stage"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> batch_sizes, ElementsOf(job, "batch_sizes"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t trials, IntegerOf(job, "trials"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t cheapest, IntegerOf(job, "min_cost_batch_size"));
  ZEUS_ASSIGN_OR_RETURN(std::string cost, JoulesOf(job, "min_cost_J"));
  table->AddRow({Visible(id), stage, std::to_string(batch_sizes.size()), std::to_string(trials),
                 cost == "-" ? cost : std::to_string(cheapest), std::move(cost)});
  return {};
}

// "-" where the bandit has no belief of this size, or none yet.
Result<std::string> BelievedCost(const std::vector<JsonPlace>& arms, int64_t batch_size) {
  for (const JsonPlace& arm : arms) {
    ZEUS_ASSIGN_OR_RETURN(const int64_t its, IntegerOf(arm, "batch_size"));
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace mean_place, arm.Field("mean"));
    ZEUS_ASSIGN_OR_RETURN(const double mean, mean_place.Number());
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace precision_place, arm.Field("precision"));
    ZEUS_ASSIGN_OR_RETURN(const double precision, precision_place.Number());
    if (its != batch_size || !(precision > 0)) continue;
    return fmt::format("{} ± {}", JoulesText(-mean), JoulesText(1 / std::sqrt(precision)));
  }
  return "-";
}

Result<std::string> SavedText(const JsonPlace& job) {
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> savings, job.OptionalField("savings"));
  if (!savings) return "";
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace spent, savings->Field("spent"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace by_default, savings->Field("by_default"));
  std::string text;
  for (const char* const name : {"energy_J", "time_s"}) {
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace ours, spent.Field(name));
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace theirs, by_default.Field(name));
    ZEUS_ASSIGN_OR_RETURN(const double used, ours.Number());
    ZEUS_ASSIGN_OR_RETURN(const double otherwise, theirs.Number());
    text += fmt::format("{} {}", text.empty() ? "\nAgainst the default batch size each time: energy" : ", time",
                        otherwise > 0 ? fmt::format("{:+.1f}%", 100 * (used / otherwise - 1)) : "-");
  }
  return text + "\n";
}

}  // namespace

Result<std::string> JobsText(const std::string& jobs, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(jobs, "jobs"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> each, ElementsOf(JsonPlace(json, "jobs"), "jobs"));
  if (each.empty()) return "No job is registered.\n";
  Table table(
      {{"job", Align::kLeft}, {"stage", Align::kLeft}, {"batch sizes"}, {"trials"}, {"cheapest"}, {"its cost"}});
  for (const JsonPlace& job : each) ZEUS_RETURN_IF_ERROR(AddJob(job, &table));
  return table.ToText(console);
}

Result<std::string> JobText(const std::string& job, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(job, "job"));
  const JsonPlace place(json, "job");
  ZEUS_ASSIGN_OR_RETURN(const std::string id, TextOf(place, "job_id"));
  ZEUS_ASSIGN_OR_RETURN(const std::string stage, TextOf(place, "stage"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t trials, IntegerOf(place, "trials"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t fallback, IntegerOf(place, "default_batch_size"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> arms, ElementsOf(place, "arms"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> costs, ElementsOf(place, "costs"));
  Table table({{"batch size"}, {"results"}, {"converged"}, {"mean cost"}, {"lowest cost"}, {"believed cost"}});
  for (const JsonPlace& each : costs) {
    ZEUS_ASSIGN_OR_RETURN(const int64_t batch_size, IntegerOf(each, "batch_size"));
    ZEUS_ASSIGN_OR_RETURN(const int64_t results, IntegerOf(each, "results"));
    ZEUS_ASSIGN_OR_RETURN(const int64_t converged, IntegerOf(each, "converged"));
    ZEUS_ASSIGN_OR_RETURN(std::string mean, JoulesOf(each, "mean_cost_J"));
    ZEUS_ASSIGN_OR_RETURN(std::string lowest, JoulesOf(each, "lowest_cost_J"));
    ZEUS_ASSIGN_OR_RETURN(std::string believed, BelievedCost(arms, batch_size));
    table.AddRow({std::to_string(batch_size), std::to_string(results), std::to_string(converged), std::move(mean),
                  std::move(lowest), std::move(believed)});
  }
  ZEUS_ASSIGN_OR_RETURN(const std::string saved, SavedText(place));
  return fmt::format("{}: {}, {} trials, default batch size {}\n\n{}{}", Visible(id), stage, trials, fallback,
                     table.ToText(console), saved);
}

}  // namespace zeus
