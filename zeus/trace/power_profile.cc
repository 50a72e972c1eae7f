#include "zeus/trace/power_profile.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

constexpr double kMilliwattsPerWatt = 1000;

using Rates = std::map<Watts, ProfiledRate>;

double ToMilliwatts(Watts power) {
  return std::round(power.value() * kMilliwattsPerWatt);
}

Json ToJson(const Rates& rates, double (*value)(const ProfiledRate&)) {
  Json json = Json::object();
  for (const auto& [limit, rate] : rates) json[fmt::format("{:.0f}", ToMilliwatts(limit))] = NumberToJson(value(rate));
  return json;
}

double PowerOf(const ProfiledRate& rate) {
  return rate.power.value();
}

double ThroughputOf(const ProfiledRate& rate) {
  return rate.throughput;
}

/// An object from power limits, as text in mW, to numbers above 0.
Result<std::map<Watts, double>> ReadByLimit(const JsonPlace& field) {
  if (!field.json().is_object()) return field.Expected("an object from power limits in mW to numbers");
  std::map<Watts, double> values;
  for (const auto& [name, value] : field.json().items()) {
    const JsonPlace place(value, fmt::format("{}.{}", field.path(), name));
    const std::optional<double> limit = ParseDouble(name);
    if (!limit || !std::isfinite(*limit) || *limit <= 0) {
      return Fail(ErrorCode::kInvalidData, fmt::format("{}: expected a power limit in mW as its name", place.path()));
    }
    ZEUS_ASSIGN_OR_RETURN(const double number, place.Number());
    if (!std::isfinite(number) || number <= 0) return place.Expected("a number above 0");
    values[Watts(*limit / kMilliwattsPerWatt)] = number;
  }
  return values;
}

Result<Rates> ReadRates(const JsonPlace& document, const std::string& kind) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace power_field, document.Field(kind + "_power"));
  ZEUS_ASSIGN_OR_RETURN(const auto powers, ReadByLimit(power_field));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace throughput_field, document.Field(kind + "_throughput"));
  ZEUS_ASSIGN_OR_RETURN(const auto throughputs, ReadByLimit(throughput_field));
  Rates rates;
  for (const auto& [limit, power] : powers) {
    const auto throughput = throughputs.find(limit);
    if (throughput == throughputs.end()) {
      return throughput_field.Expected(
          fmt::format("the power limits of {}_power, also {:.0f}", kind, ToMilliwatts(limit)));
    }
    rates[limit] = {.power = Watts(power), .throughput = throughput->second};
  }
  if (throughputs.size() != powers.size()) {
    return throughput_field.Expected(fmt::format("the power limits of {}_power, and no others", kind));
  }
  return rates;
}

}  // namespace

std::string PowerProfileName(int64_t batch_size) {
  return fmt::format("bs{}.power.json", batch_size);
}

std::string ToText(const PowerProfile& profile) {
  const Json json{{"job_id", profile.job_id},
                  {"train_power", ToJson(profile.train, PowerOf)},
                  {"train_throughput", ToJson(profile.train, ThroughputOf)},
                  {"eval_power", ToJson(profile.eval, PowerOf)},
                  {"eval_throughput", ToJson(profile.eval, ThroughputOf)},
                  {"optimal_pl", static_cast<int64_t>(ToMilliwatts(profile.optimal_limit))}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<PowerProfile> ParsePowerProfile(std::string_view text, std::string_view source) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(text, source));
  const JsonPlace document(json, std::string(source));
  PowerProfile profile;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace job_id, document.Field("job_id"));
  ZEUS_ASSIGN_OR_RETURN(profile.job_id, job_id.Text());
  ZEUS_ASSIGN_OR_RETURN(profile.train, ReadRates(document, "train"));
  ZEUS_ASSIGN_OR_RETURN(profile.eval, ReadRates(document, "eval"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace optimal, document.Field("optimal_pl"));
  ZEUS_ASSIGN_OR_RETURN(const double milliwatts, optimal.Number());
  profile.optimal_limit = Watts(milliwatts / kMilliwattsPerWatt);
  // NaN is equal to any key of a map.
  if (!std::isfinite(milliwatts) || !profile.train.contains(profile.optimal_limit))
    return optimal.Expected("one of the power limits in train_power");
  return profile;
}

Result<PowerProfile> ReadPowerProfile(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  return ParsePowerProfile(text, path.string());
}

}  // namespace zeus
