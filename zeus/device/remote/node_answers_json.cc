#include "zeus/device/remote/node_answers_json.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <utility>

#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"

namespace zeus::node {
namespace {

constexpr double kMilli = 1e-3;
constexpr double kMicro = 1e-6;

Error Named(Error error, std::string_view endpoint, std::string_view what) {
  error.message = fmt::format("Zeusd at {}: {}: {}", endpoint, what, error.message);
  return error;
}

// Parses `body`, hands it to `read`, and says in errors whose answer it was.
template <class Read>
auto ReadBody(std::string_view body, std::string_view endpoint, std::string_view route, Read read)
    -> decltype(read(std::declval<const JsonPlace&>())) {
  const Result<Json> json = ParseJson(body, route);
  if (!json) return std::unexpected(Named(json.error(), endpoint, "the answer cannot be read"));
  auto value = read(JsonPlace(*json, std::string(route)));
  if (!value) return std::unexpected(Named(std::move(value).error(), endpoint, "the answer cannot be read"));
  return value;
}

// {"0": ...}, each read by `read`.
template <class Value, class Read>
Result<std::map<Id, Value>> ReadById(const JsonPlace& place, Read read) {
  if (!place.json().is_object()) return place.Expected("an object with a device's id each");
  std::map<Id, Value> values;
  for (const auto& [key, json] : place.json().items()) {
    const std::optional<int64_t> id = ParseInteger(key);
    if (!id) return place.Expected("whole numbers as keys");
    ZEUS_ASSIGN_OR_RETURN(Value value, read(JsonPlace(json, fmt::format("{}.{}", place.path(), key))));
    values.emplace(*id, std::move(value));
  }
  return values;
}

template <class Unit>
Result<Unit> ReadScaled(const JsonPlace& place, double scale) {
  ZEUS_ASSIGN_OR_RETURN(const int64_t value, place.Integer());
  if (value < 0) return place.Expected("a whole number from 0 on");
  return Unit(static_cast<double>(value) * scale);
}

template <class Unit>
Result<Unit> ReadScaledField(const JsonPlace& place, std::string_view name, double scale) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
  return ReadScaled<Unit>(field, scale);
}

template <class Unit>
Result<std::optional<Unit>> ReadOptionalField(const JsonPlace& place, std::string_view name, double scale) {
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> field, place.OptionalField(name));
  if (!field) return std::nullopt;
  ZEUS_ASSIGN_OR_RETURN(const Unit value, ReadScaled<Unit>(*field, scale));
  return value;
}

Result<std::vector<std::string>> ReadTexts(const JsonPlace& place) {
  std::vector<std::string> texts;
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, place.Elements());
  for (const JsonPlace& element : elements) {
    ZEUS_ASSIGN_OR_RETURN(texts.emplace_back(), element.Text());
  }
  return texts;
}

Result<int64_t> ReadTimestamp(const JsonPlace& place) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field("timestamp_ms"));
  return field.Integer();
}

Result<Id> ReadId(const JsonPlace& place) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field("id"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t id, field.Integer());
  if (id < 0 || id > std::numeric_limits<int>::max()) return field.Expected("a device's number");
  return id;
}

Result<GpuEntry> ReadGpuEntry(const JsonPlace& place) {
  GpuEntry gpu;
  ZEUS_ASSIGN_OR_RETURN(gpu.id, ReadId(place));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace name, place.Field("name"));
  ZEUS_ASSIGN_OR_RETURN(gpu.name, name.Text());
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace address, place.Field("pci_address"));
  ZEUS_ASSIGN_OR_RETURN(gpu.pci_address, address.Text());
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace energy, place.Field("cumulative_energy_available"));
  ZEUS_ASSIGN_OR_RETURN(gpu.cumulative_energy_available, energy.Boolean());
  return gpu;
}

Result<CpuEntry> ReadCpuEntry(const JsonPlace& place) {
  CpuEntry cpu;
  ZEUS_ASSIGN_OR_RETURN(cpu.id, ReadId(place));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace dram, place.Field("dram_available"));
  ZEUS_ASSIGN_OR_RETURN(cpu.dram_available, dram.Boolean());
  return cpu;
}

Result<Discovery> ReadDiscovery(const JsonPlace& place) {
  Discovery found;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace gpus, place.Field("gpus"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> gpu_list, gpus.Elements());
  for (const JsonPlace& each : gpu_list) {
    ZEUS_ASSIGN_OR_RETURN(found.gpus.emplace_back(), ReadGpuEntry(each));
  }
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace cpus, place.Field("cpus"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> cpu_list, cpus.Elements());
  for (const JsonPlace& each : cpu_list) {
    ZEUS_ASSIGN_OR_RETURN(found.cpus.emplace_back(), ReadCpuEntry(each));
  }
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace groups, place.Field("enabled_api_groups"));
  ZEUS_ASSIGN_OR_RETURN(found.enabled_api_groups, ReadTexts(groups));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace auth, place.Field("auth_required"));
  ZEUS_ASSIGN_OR_RETURN(found.auth_required, auth.Boolean());
  return found;
}

// The first key that a daemon of this client's age tells, and this one does not.
std::optional<std::string> FindMissingKey(const Json& json) {
  const auto missing_of = [](const Json& object,
                             std::initializer_list<const char*> keys) -> std::optional<std::string> {
    for (const char* const key : keys) {
      if (object.is_object() && !object.contains(key)) return key;
    }
    return std::nullopt;
  };
  if (auto missing = missing_of(json, {"gpus", "cpus", "enabled_api_groups", "auth_required"})) return missing;
  if (!json.is_object()) return std::nullopt;
  for (const Json& gpu : json["gpus"]) {
    if (auto missing = missing_of(gpu, {"id", "name", "pci_address", "cumulative_energy_available"})) return missing;
  }
  for (const Json& cpu : json["cpus"]) {
    if (auto missing = missing_of(cpu, {"id", "dram_available"})) return missing;
  }
  return std::nullopt;
}

}  // namespace

Result<Discovery> ParseDiscovery(std::string_view body, std::string_view endpoint) {
  if (const Result<Json> json = ParseJson(body, "/discover")) {
    if (const std::optional<std::string> missing = FindMissingKey(*json)) {
      return Fail(ErrorCode::kFailedPrecondition,
                  fmt::format("Zeusd at {} did not report '{}' in /discover; the daemon is older than this version of "
                              "Zeus. Upgrade zeusd.",
                              endpoint, *missing));
    }
  }
  return ReadBody(body, endpoint, "/discover", ReadDiscovery);
}

Result<Identity> ParseIdentity(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/auth/whoami", [](const JsonPlace& place) -> Result<Identity> {
    Identity identity;
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace subject, place.Field("sub"));
    ZEUS_ASSIGN_OR_RETURN(identity.subject, subject.Text());
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace scopes, place.Field("scopes"));
    ZEUS_ASSIGN_OR_RETURN(identity.scopes, ReadTexts(scopes));
    ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> expires, place.OptionalField("exp"));
    if (expires) {
      ZEUS_ASSIGN_OR_RETURN(identity.expires_s, expires->Integer());
    }
    return identity;
  });
}

Result<std::string> ParseLeaseId(std::string_view data, std::string_view endpoint) {
  return ReadBody(data, endpoint, "/leases", [](const JsonPlace& place) -> Result<std::string> {
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace id, place.Field("lease_id"));
    return id.Text();
  });
}

Result<int64_t> ParseTime(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/time", ReadTimestamp);
}

Result<GpuPower> ParseGpuPower(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/gpu/get_power", [](const JsonPlace& place) -> Result<GpuPower> {
    GpuPower snapshot;
    ZEUS_ASSIGN_OR_RETURN(snapshot.timestamp_ms, ReadTimestamp(place));
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace power, place.Field("power_mw"));
    ZEUS_ASSIGN_OR_RETURN(
        snapshot.power, ReadById<Watts>(power, [](const JsonPlace& each) { return ReadScaled<Watts>(each, kMilli); }));
    return snapshot;
  });
}

Result<std::map<Id, Joules>> ParseGpuEnergy(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/gpu/get_cumulative_energy", [](const JsonPlace& place) {
    return ReadById<Joules>(place,
                            [](const JsonPlace& each) { return ReadScaledField<Joules>(each, "energy_mj", kMilli); });
  });
}

Result<std::map<Id, Watts>> ParsePowerLimit(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/gpu/get_power_limit", [](const JsonPlace& place) {
    return ReadById<Watts>(
        place, [](const JsonPlace& each) { return ReadScaledField<Watts>(each, "power_limit_mw", kMilli); });
  });
}

Result<std::map<Id, PowerLimits>> ParsePowerLimits(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/gpu/get_power_limit_constraints", [](const JsonPlace& place) {
    return ReadById<PowerLimits>(place, [](const JsonPlace& each) -> Result<PowerLimits> {
      PowerLimits limits;
      ZEUS_ASSIGN_OR_RETURN(limits.minimum, ReadScaledField<Watts>(each, "min_power_limit_mw", kMilli));
      ZEUS_ASSIGN_OR_RETURN(limits.maximum, ReadScaledField<Watts>(each, "max_power_limit_mw", kMilli));
      return limits;
    });
  });
}

Result<std::map<Id, PersistenceMode>> ParsePersistenceMode(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/gpu/get_persistence_mode", [](const JsonPlace& place) {
    return ReadById<PersistenceMode>(place, [](const JsonPlace& each) -> Result<PersistenceMode> {
      ZEUS_ASSIGN_OR_RETURN(const JsonPlace enabled, each.Field("enabled"));
      ZEUS_ASSIGN_OR_RETURN(const bool is_on, enabled.Boolean());
      return is_on ? PersistenceMode::kOn : PersistenceMode::kOff;
    });
  });
}

Result<std::map<Id, CpuEnergy>> ParseCpuEnergy(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/cpu/get_cumulative_energy", [](const JsonPlace& place) {
    return ReadById<CpuEnergy>(place, [](const JsonPlace& each) -> Result<CpuEnergy> {
      CpuEnergy energy;
      ZEUS_ASSIGN_OR_RETURN(energy.package, ReadOptionalField<Joules>(each, "cpu_energy_uj", kMicro));
      ZEUS_ASSIGN_OR_RETURN(energy.dram, ReadOptionalField<Joules>(each, "dram_energy_uj", kMicro));
      return energy;
    });
  });
}

Result<CpuPowers> ParseCpuPowers(std::string_view body, std::string_view endpoint) {
  return ReadBody(body, endpoint, "/cpu/get_power", [](const JsonPlace& place) -> Result<CpuPowers> {
    CpuPowers snapshot;
    ZEUS_ASSIGN_OR_RETURN(snapshot.timestamp_ms, ReadTimestamp(place));
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace power, place.Field("power_mw"));
    ZEUS_ASSIGN_OR_RETURN(snapshot.power, ReadById<CpuPower>(power, [](const JsonPlace& each) -> Result<CpuPower> {
                            CpuPower cpu;
                            ZEUS_ASSIGN_OR_RETURN(cpu.package, ReadScaledField<Watts>(each, "cpu_mw", kMilli));
                            ZEUS_ASSIGN_OR_RETURN(cpu.dram, ReadOptionalField<Watts>(each, "dram_mw", kMilli));
                            return cpu;
                          }));
    return snapshot;
  });
}

std::string WordsOf(const http::Answer& answer) {
  const Result<Json> json = ParseJson(answer.body, "answer");
  if (json && json->is_object()) {
    if (const auto error = json->find("error"); error != json->end() && error->is_string()) return *error;
    if (const auto errors = json->find("errors"); errors != json->end() && errors->is_object()) {
      std::string words;
      for (const auto& [id, text] : errors->items()) {
        if (!text.is_string()) return answer.body;
        words += fmt::format("{}device {}: {}", words.empty() ? "" : "; ", id, text.get<std::string>());
      }
      return words;
    }
  }
  return answer.body;
}

}  // namespace zeus::node
