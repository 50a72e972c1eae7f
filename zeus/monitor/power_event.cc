#include "zeus/monitor/power_event.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

constexpr double kMilli = 1e-3;

Result<int64_t> ReadInteger(const JsonPlace& place, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
  return field.Integer();
}

Result<Watts> ReadPower(const JsonPlace& field) {
  ZEUS_ASSIGN_OR_RETURN(const double milliwatts, field.Number());
  if (!std::isfinite(milliwatts) || milliwatts < 0) return field.Expected("a power");
  return Watts(milliwatts * kMilli);
}

Result<Watts> ReadPower(const JsonPlace& place, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
  return ReadPower(field);
}

}  // namespace

Result<WallTime> ToWallTime(int64_t milliseconds) {
  constexpr int64_t kLatest = int64_t{1} << 42;  // Twice as many are still 64 bits of nanoseconds.
  if (milliseconds < 0 || milliseconds > kLatest) {
    return Fail(ErrorCode::kInvalidData, fmt::format("timestamp_ms: {} is no time of now", milliseconds));
  }
  return WallTime(std::chrono::milliseconds(milliseconds));
}

Result<PowerEvent> ParsePowerEvent(StreamedKind kind, std::string_view data) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(data, "event"));
  const JsonPlace place(json, "event");
  ZEUS_ASSIGN_OR_RETURN(const int64_t milliseconds, ReadInteger(place, "timestamp_ms"));
  PowerEvent event;
  ZEUS_ASSIGN_OR_RETURN(event.time, ToWallTime(milliseconds));
  if (kind == StreamedKind::kGpu) {
    ZEUS_ASSIGN_OR_RETURN(event.id, ReadInteger(place, "gpu_id"));
    ZEUS_ASSIGN_OR_RETURN(event.power, ReadPower(place, "power_mw"));
    return event;
  }
  ZEUS_ASSIGN_OR_RETURN(event.id, ReadInteger(place, "cpu_id"));
  ZEUS_ASSIGN_OR_RETURN(event.power, ReadPower(place, "cpu_mw"));
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> dram, place.OptionalField("dram_mw"));
  if (dram) {
    ZEUS_ASSIGN_OR_RETURN(event.dram, ReadPower(*dram));
  }
  return event;
}

}  // namespace zeus
