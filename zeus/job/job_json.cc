#include "zeus/job/job_json.h"

#include <limits>

namespace zeus {

Json ToJson(const JobIdentity& identity) {
  Json json;
  json["dataset"] = identity.workload.dataset;
  json["network"] = identity.workload.network;
  json["optimizer"] = identity.workload.optimizer;
  json["target_metric"] = NumberToJson(identity.target_metric);
  json["max_epochs"] = identity.max_epochs;
  json["default_batch_size"] = identity.default_batch_size;
  json["default_learning_rate"] =
      identity.default_learning_rate ? NumberToJson(*identity.default_learning_rate) : Json();
  json["workdir"] = identity.workdir;
  return json;
}

Result<JobIdentity> JobIdentityFromJson(const JsonPlace& place) {
  const auto text = [&](std::string_view name) -> Result<std::string> {
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
    return field.Text();
  };
  const auto integer = [&](std::string_view name) -> Result<int64_t> {
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
    return field.Integer();
  };
  JobIdentity identity;
  ZEUS_ASSIGN_OR_RETURN(identity.workload.dataset, text("dataset"));
  ZEUS_ASSIGN_OR_RETURN(identity.workload.network, text("network"));
  ZEUS_ASSIGN_OR_RETURN(identity.workload.optimizer, text("optimizer"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace target, place.Field("target_metric"));
  ZEUS_ASSIGN_OR_RETURN(identity.target_metric, target.Number());
  ZEUS_ASSIGN_OR_RETURN(identity.max_epochs, integer("max_epochs"));
  ZEUS_ASSIGN_OR_RETURN(identity.default_batch_size, integer("default_batch_size"));
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> rate, place.OptionalField("default_learning_rate"));
  if (rate) {
    ZEUS_ASSIGN_OR_RETURN(identity.default_learning_rate, rate->Number());
  }
  ZEUS_ASSIGN_OR_RETURN(identity.workdir, text("workdir"));
  return identity;
}

Json ToJson(const KnobSpace& space) {
  Json array = Json::array();
  for (const BatchSizeChoice& choice : space.choices()) {
    Json limits = Json::array();
    for (const Watts limit : choice.power_limits) limits.push_back(NumberToJson(limit.value()));
    array.push_back(Json{{"batch_size", choice.batch_size}, {"power_limits_W", std::move(limits)}});
  }
  return array;
}

Result<KnobSpace> KnobSpaceFromJson(const JsonPlace& place) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, place.Elements());
  std::vector<BatchSizeChoice> choices;
  for (const JsonPlace& element : elements) {
    BatchSizeChoice& choice = choices.emplace_back();
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_size, element.Field("batch_size"));
    ZEUS_ASSIGN_OR_RETURN(choice.batch_size, batch_size.Integer());
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace limits, element.Field("power_limits_W"));
    ZEUS_ASSIGN_OR_RETURN(const std::vector<double> watts, limits.Numbers());
    for (const double limit : watts) choice.power_limits.emplace_back(limit);
  }
  Result<KnobSpace> space = KnobSpace::Create(std::move(choices));
  if (!space) return Fail(ErrorCode::kInvalidData, place.path() + ": " + space.error().message);
  return space;
}

Json ToJson(const History& history) {
  Json array = Json::array();
  for (const HistoryEntry& entry : history) {
    Json json;
    json["rec"] = entry.recurrence;
    json["try"] = entry.attempt;
    json["bs"] = entry.batch_size;
    json["pl"] = NumberToJson(entry.power_limit.value());
    json["energy_J"] = NumberToJson(entry.energy.value());
    json["time_s"] = NumberToJson(entry.time.value());
    json["reached"] = entry.reached;
    array.push_back(std::move(json));
  }
  return array;
}

Result<History> HistoryFromJson(const JsonPlace& place) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, place.Elements());
  History history;
  history.reserve(elements.size());
  for (const JsonPlace& element : elements) {
    const auto integer = [&](std::string_view name) -> Result<int64_t> {
      ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, element.Field(name));
      return field.Integer();
    };
    const auto number = [&](std::string_view name) -> Result<double> {
      ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, element.Field(name));
      return field.Number();
    };
    HistoryEntry& entry = history.emplace_back();
    ZEUS_ASSIGN_OR_RETURN(entry.recurrence, integer("rec"));
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace attempt_field, element.Field("try"));
    ZEUS_ASSIGN_OR_RETURN(const int64_t attempt, attempt_field.Integer());
    if (attempt < 0 || attempt > std::numeric_limits<int>::max()) return attempt_field.Expected("a count of tries");
    entry.attempt = static_cast<int>(attempt);
    ZEUS_ASSIGN_OR_RETURN(entry.batch_size, integer("bs"));
    ZEUS_ASSIGN_OR_RETURN(const double power_limit, number("pl"));
    entry.power_limit = Watts(power_limit);
    ZEUS_ASSIGN_OR_RETURN(const double energy, number("energy_J"));
    entry.energy = Joules(energy);
    ZEUS_ASSIGN_OR_RETURN(const double time, number("time_s"));
    entry.time = Seconds(time);
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace reached, element.Field("reached"));
    ZEUS_ASSIGN_OR_RETURN(entry.reached, reached.Boolean());
  }
  return history;
}

}  // namespace zeus
