#include "zeus/trace/power_limit_profile.h"

#include <cmath>
#include <cstdint>

#include "zeus/base/json_fields.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

Json LimitToJson(Watts limit) {
  constexpr double kMostThatIsExact = 9007199254740992;
  const double watts = limit.value();
  if (std::trunc(watts) == watts && std::abs(watts) <= kMostThatIsExact) return static_cast<int64_t>(watts);
  return NumberToJson(watts);
}

Result<double> NumberAboveZero(const JsonPlace& entry, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, entry.Field(name));
  ZEUS_ASSIGN_OR_RETURN(const double value, field.Number());
  if (!std::isfinite(value) || value <= 0) return field.Expected("a number above 0");
  return value;
}

}  // namespace

std::string ToText(const PowerLimitProfile& profile) {
  Json measurements = Json::array();
  for (const PowerLimitProfileEntry& entry : profile.measurements) {
    measurements.push_back(Json{{"power_limit", LimitToJson(entry.power_limit)},
                                {"energy", NumberToJson(entry.energy.value())},
                                {"time", NumberToJson(entry.time.value())}});
  }
  Json json;
  json["measurements"] = std::move(measurements);
  return json.dump(4);
}

Result<PowerLimitProfile> ParsePowerLimitProfile(std::string_view text, std::string_view source) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(text, source));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace measurements, JsonPlace(json, std::string(source)).Field("measurements"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> entries, measurements.Elements());
  if (entries.empty()) return measurements.Expected("at least one measurement");
  PowerLimitProfile profile;
  for (const JsonPlace& entry : entries) {
    ZEUS_ASSIGN_OR_RETURN(const double limit, NumberAboveZero(entry, "power_limit"));
    ZEUS_ASSIGN_OR_RETURN(const double energy, NumberAboveZero(entry, "energy"));
    ZEUS_ASSIGN_OR_RETURN(const double time, NumberAboveZero(entry, "time"));
    profile.measurements.push_back({.power_limit = Watts(limit), .energy = Joules(energy), .time = Seconds(time)});
  }
  return profile;
}

Result<PowerLimitProfile> ReadPowerLimitProfile(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  return ParsePowerLimitProfile(text, path.string());
}

}  // namespace zeus
