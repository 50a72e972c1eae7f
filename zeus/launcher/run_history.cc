#include "zeus/launcher/run_history.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "zeus/base/json_fields.h"
#include "zeus/base/text_file.h"
#include "zeus/job/cost.h"
#include "zeus/job/job_json.h"
#include "zeus/job/knobs.h"

namespace zeus {
namespace {

constexpr std::string_view kFormat = "zeus-run";
constexpr int64_t kVersion = 1;

Json ToJson(const RunIdentity& identity) {
  Json json;
  json["job"] = ToJson(identity.job);
  json["batch_sizes"] = identity.batch_sizes;
  json["max_power_W"] = NumberToJson(identity.max_power.value());
  json["eta"] = NumberToJson(identity.eta);
  json["beta"] = NumberToJson(identity.beta);
  json["seed"] = identity.seed;
  json["batch_policy"] = identity.batch_policy;
  json["window"] = identity.window;
  json["power_policy"] = identity.power_policy;
  json["observer"] = identity.observer == ObserverMode::kOn;
  json["profile"] = {identity.profile.warmup, identity.profile.measure};
  return json;
}

Json ToJson(const RunEntry& entry) {
  const HistoryEntry& tried = entry.tried;
  Json json;
  json["recurrence"] = tried.recurrence;
  json["try"] = tried.attempt;
  json["batch_size"] = tried.batch_size;
  json["power_limit_W"] = NumberToJson(tried.power_limit.value());
  json["energy_J"] = NumberToJson(tried.energy.value());
  json["time_s"] = NumberToJson(tried.time.value());
  json["reached"] = tried.reached;
  json["num_epochs"] = entry.num_epochs;
  json["job_id"] = entry.job_id;
  if (entry.profile.empty()) return json;
  json["profile"] = Json::array();
  for (const PowerLimitCost& cost : entry.profile) {
    json["profile"].push_back(Json{{"power_limit_W", NumberToJson(cost.power_limit.value())},
                                   {"epoch_cost_J", NumberToJson(cost.epoch_cost.value())}});
  }
  return json;
}

Result<double> Amount(const JsonPlace& object, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, object.Field(name));
  ZEUS_ASSIGN_OR_RETURN(const double value, field.Number());
  if (!std::isfinite(value) || value < 0) return field.Expected("a number of 0 or more");
  return value;
}

Result<int64_t> Count(const JsonPlace& object, std::string_view name, int64_t lowest,
                      int64_t highest = std::numeric_limits<int64_t>::max()) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, object.Field(name));
  ZEUS_ASSIGN_OR_RETURN(const int64_t value, field.Integer());
  if (value >= lowest && value <= highest) return value;
  if (highest == std::numeric_limits<int64_t>::max())
    return field.Expected(fmt::format("a whole number from {} on", lowest));
  return field.Expected(fmt::format("a whole number from {} to {}", lowest, highest));
}

// The message of a check that knows no place, with the place.
std::unexpected<Error> Damaged(const JsonPlace& place, const Error& error) {
  return Fail(ErrorCode::kInvalidData, fmt::format("{}: {}", place.path(), error.message));
}

Result<uint64_t> ReadSeed(const JsonPlace& document) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, document.Field("seed"));
  if (!field.json().is_number_unsigned()) return field.Expected("a whole number from 0 on");
  return field.json().get<uint64_t>();
}

Result<ProfileWindow> ReadProfileWindow(const JsonPlace& document) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, document.Field("profile"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<int64_t> counts, field.Integers());
  if (counts.size() != 2 || counts[0] < 0 || counts[1] < 1) {
    return field.Expected("two counts of batches, warm-up and measured");
  }
  return ProfileWindow{.warmup = counts[0], .measure = counts[1]};
}

Result<RunIdentity> ReadIdentity(const JsonPlace& document) {
  RunIdentity identity;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace job, document.Field("job"));
  ZEUS_ASSIGN_OR_RETURN(identity.job, JobIdentityFromJson(job));
  if (const Result<void> valid = Validate(identity.job); !valid) return Damaged(job, valid.error());
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_sizes, document.Field("batch_sizes"));
  ZEUS_ASSIGN_OR_RETURN(identity.batch_sizes, batch_sizes.Integers());
  if (const Result<KnobSpace> space = KnobSpace::OfBatchSizes(identity.batch_sizes); !space) {
    return Damaged(batch_sizes, space.error());
  }
  ZEUS_ASSIGN_OR_RETURN(const double max_power, Amount(document, "max_power_W"));
  identity.max_power = Watts(max_power);
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace eta, document.Field("eta"));
  ZEUS_ASSIGN_OR_RETURN(identity.eta, eta.Number());
  if (const Result<void> valid = ValidateEta(identity.eta); !valid) return Damaged(eta, valid.error());
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace beta, document.Field("beta"));
  ZEUS_ASSIGN_OR_RETURN(identity.beta, beta.Number());
  if (const Result<void> valid = ValidateBeta(identity.beta); !valid) return Damaged(beta, valid.error());
  ZEUS_ASSIGN_OR_RETURN(identity.seed, ReadSeed(document));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_policy, document.Field("batch_policy"));
  ZEUS_ASSIGN_OR_RETURN(identity.batch_policy, batch_policy.Text());
  ZEUS_ASSIGN_OR_RETURN(const int64_t window, Count(document, "window", 0));
  identity.window = static_cast<size_t>(window);
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace power_policy, document.Field("power_policy"));
  ZEUS_ASSIGN_OR_RETURN(identity.power_policy, power_policy.Text());
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace observer, document.Field("observer"));
  ZEUS_ASSIGN_OR_RETURN(const bool observes, observer.Boolean());
  identity.observer = observes ? ObserverMode::kOn : ObserverMode::kOff;
  ZEUS_ASSIGN_OR_RETURN(identity.profile, ReadProfileWindow(document));
  return identity;
}

Result<std::vector<PowerLimitCost>> ReadProfile(const JsonPlace& entry) {
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> field, entry.OptionalField("profile"));
  std::vector<PowerLimitCost> profile;
  if (!field) return profile;
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, field->Elements());
  if (elements.empty()) return field->Expected("a power limit at least");
  for (const JsonPlace& element : elements) {
    ZEUS_ASSIGN_OR_RETURN(const double limit, Amount(element, "power_limit_W"));
    ZEUS_ASSIGN_OR_RETURN(const double cost, Amount(element, "epoch_cost_J"));
    if (!profile.empty() && Watts(limit) >= profile.back().power_limit) {
      return element.Expected("power limits from high to low");
    }
    profile.push_back({.power_limit = Watts(limit), .epoch_cost = Joules(cost)});
  }
  return profile;
}

Result<RunEntry> ReadEntry(const JsonPlace& place) {
  RunEntry entry;
  ZEUS_ASSIGN_OR_RETURN(entry.tried.recurrence, Count(place, "recurrence", 0));
  ZEUS_ASSIGN_OR_RETURN(const int64_t attempt, Count(place, "try", 0, std::numeric_limits<int>::max()));
  entry.tried.attempt = static_cast<int>(attempt);
  ZEUS_ASSIGN_OR_RETURN(entry.tried.batch_size, Count(place, "batch_size", 1));
  ZEUS_ASSIGN_OR_RETURN(const double power_limit, Amount(place, "power_limit_W"));
  ZEUS_ASSIGN_OR_RETURN(const double energy, Amount(place, "energy_J"));
  ZEUS_ASSIGN_OR_RETURN(const double time, Amount(place, "time_s"));
  entry.tried.power_limit = Watts(power_limit);
  entry.tried.energy = Joules(energy);
  entry.tried.time = Seconds(time);
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace reached, place.Field("reached"));
  ZEUS_ASSIGN_OR_RETURN(entry.tried.reached, reached.Boolean());
  ZEUS_ASSIGN_OR_RETURN(entry.num_epochs, Count(place, "num_epochs", 0));
  if (entry.tried.reached && entry.num_epochs == 0) return reached.Expected("false, since no epoch was trained");
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace job_id, place.Field("job_id"));
  ZEUS_ASSIGN_OR_RETURN(entry.job_id, job_id.Text());
  ZEUS_ASSIGN_OR_RETURN(entry.profile, ReadProfile(place));
  return entry;
}

// The first field in which two objects differ, with the path to it.
Result<void> CompareFields(const Json& recorded, const Json& wanted, const std::string& prefix) {
  for (const auto& [name, value] : wanted.items()) {
    const Json& other = recorded.at(name);
    if (value.is_object()) ZEUS_RETURN_IF_ERROR(CompareFields(other, value, name + "."));
    if (other == value) continue;
    const auto text = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
    return Fail(ErrorCode::kInvalidArgument, fmt::format("the run that is to go on has {}{} {}, and not {}", prefix,
                                                         name, text(other), text(value)));
  }
  return {};
}

}  // namespace

std::string ToText(const RunHistory& history) {
  Json document;
  document["format"] = kFormat;
  document["version"] = kVersion;
  document.update(ToJson(history.identity));
  document["recurrences"] = history.recurrences;
  document["entries"] = Json::array();
  for (const RunEntry& entry : history.entries) document["entries"].push_back(ToJson(entry));
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RunHistory> ParseRunHistory(std::string_view text, std::string_view source) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(text, source));
  const JsonPlace document(json, std::string(source));
  ZEUS_RETURN_IF_ERROR(CheckFormat(document, kFormat, kVersion));
  RunHistory history;
  ZEUS_ASSIGN_OR_RETURN(history.identity, ReadIdentity(document));
  ZEUS_ASSIGN_OR_RETURN(history.recurrences, Count(document, "recurrences", 1));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace entries, document.Field("entries"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, entries.Elements());
  for (const JsonPlace& element : elements) {
    ZEUS_ASSIGN_OR_RETURN(RunEntry entry, ReadEntry(element));
    history.entries.push_back(std::move(entry));
  }
  return history;
}

Result<RunHistory> ReadRunHistory(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  return ParseRunHistory(text, path.string());
}

Result<void> CheckSameRun(const RunIdentity& recorded, const RunIdentity& wanted) {
  return CompareFields(ToJson(recorded), ToJson(wanted), "");
}

}  // namespace zeus
