#include "zeus/device/nvml/nvml_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace zeus::nvml {
namespace {

constexpr double kMilliwattsPerWatt = 1e3;

Result<unsigned> ToMilliwatts(const std::string& subject, Watts power) {
  const double milliwatts = std::round(power.value() * kMilliwattsPerWatt);
  if (!(milliwatts >= 0 && milliwatts <= 1e9)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: {} W is no power limit", subject, power.value()));
  }
  return static_cast<unsigned>(milliwatts);
}

Result<unsigned> ToWholeMegahertz(const std::string& subject, Megahertz clock) {
  const double megahertz = std::round(clock.value());
  if (!(megahertz >= 0 && megahertz <= 1e6)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: {} MHz is no clock", subject, clock.value()));
  }
  return static_cast<unsigned>(megahertz);
}

}  // namespace

template <class Function, class... Arguments>
Result<void> NvmlSettings::Call(const char* what, Function* function, Arguments... arguments) const {
  const Return result = function != nullptr ? function(device_, arguments...) : kFunctionNotFound;
  if (result != kSuccess) return std::unexpected(library_.ToError(result, subject_, what));
  return {};
}

template <class Function, class... Arguments>
Result<std::vector<Megahertz>> NvmlSettings::ReadClockList(const char* what, Function* function,
                                                           Arguments... arguments) const {
  if (function == nullptr) return std::unexpected(library_.ToError(kFunctionNotFound, subject_, what));
  unsigned count = 256;
  std::vector<unsigned> clocks(count);
  Return result = function(device_, arguments..., &count, clocks.data());
  if (result == kInsufficientSize) {
    clocks.resize(count);
    result = function(device_, arguments..., &count, clocks.data());
  }
  if (result != kSuccess) return std::unexpected(library_.ToError(result, subject_, what));
  clocks.resize(std::min<size_t>(count, clocks.size()));
  std::ranges::sort(clocks, std::greater());
  std::vector<Megahertz> megahertz;
  megahertz.reserve(clocks.size());
  for (const unsigned clock : clocks) megahertz.emplace_back(clock);
  return megahertz;
}

Result<PowerLimitRange> NvmlSettings::ReadPowerLimitRange() {
  unsigned minimum = 0;
  unsigned maximum = 0;
  unsigned factory_default = 0;
  ZEUS_RETURN_IF_ERROR(Call("power limit range", library_.functions().power_limit_range, &minimum, &maximum));
  ZEUS_RETURN_IF_ERROR(Call("default power limit", library_.functions().default_power_limit, &factory_default));
  return PowerLimitRange{Watts(minimum / kMilliwattsPerWatt), Watts(maximum / kMilliwattsPerWatt),
                         Watts(factory_default / kMilliwattsPerWatt)};
}

Result<Watts> NvmlSettings::ReadPowerLimit() {
  unsigned milliwatts = 0;
  ZEUS_RETURN_IF_ERROR(Call("power limit", library_.functions().power_limit, &milliwatts));
  return Watts(milliwatts / kMilliwattsPerWatt);
}

Result<void> NvmlSettings::SetPowerLimit(Watts limit) {
  ZEUS_ASSIGN_OR_RETURN(const unsigned milliwatts, ToMilliwatts(subject_, limit));
  unsigned current = 0;
  ZEUS_RETURN_IF_ERROR(Call("power limit", library_.functions().power_limit, &current));
  if (current == milliwatts) return {};
  Result<void> set = Call("set power limit", library_.functions().set_power_limit, milliwatts);
  if (!set && set.error().code == ErrorCode::kInvalidArgument) {
    if (const Result<PowerLimitRange> range = ReadPowerLimitRange()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: set power limit: {} W is outside {} to {} W", subject_, limit.value(),
                              range->minimum.value(), range->maximum.value()));
    }
  }
  return set;
}

Result<PersistenceMode> NvmlSettings::ReadPersistenceMode() {
  EnableState state = kDisabled;
  ZEUS_RETURN_IF_ERROR(Call("persistence mode", library_.functions().persistence_mode, &state));
  return state == kEnabled ? PersistenceMode::kOn : PersistenceMode::kOff;
}

Result<void> NvmlSettings::SetPersistenceMode(PersistenceMode mode) {
  ZEUS_ASSIGN_OR_RETURN(const PersistenceMode current, ReadPersistenceMode());
  if (current == mode) return {};
  return Call("set persistence mode", library_.functions().set_persistence_mode,
              mode == PersistenceMode::kOn ? kEnabled : kDisabled);
}

Result<std::vector<Megahertz>> NvmlSettings::ReadSupportedClocks(ClockDomain domain,
                                                                 std::optional<Megahertz> memory_clock) {
  const Functions& nvml = library_.functions();
  if (domain == ClockDomain::kMemory) return ReadClockList("supported memory clocks", nvml.supported_memory_clocks);
  if (!memory_clock) {
    ZEUS_ASSIGN_OR_RETURN(const std::vector<Megahertz> memory_clocks,
                          ReadClockList("supported memory clocks", nvml.supported_memory_clocks));
    if (memory_clocks.empty()) return std::vector<Megahertz>();
    memory_clock = memory_clocks.front();
  }
  ZEUS_ASSIGN_OR_RETURN(const unsigned megahertz, ToWholeMegahertz(subject_, *memory_clock));
  return ReadClockList("supported graphics clocks", nvml.supported_graphics_clocks, megahertz);
}

Result<void> NvmlSettings::LockClocks(ClockDomain domain, ClockRange range) {
  const Functions& nvml = library_.functions();
  ZEUS_ASSIGN_OR_RETURN(const unsigned minimum, ToWholeMegahertz(subject_, range.minimum));
  ZEUS_ASSIGN_OR_RETURN(const unsigned maximum, ToWholeMegahertz(subject_, range.maximum));
  if (minimum > maximum) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: lock clocks: {} MHz is above {} MHz", subject_, minimum, maximum));
  }
  if (domain == ClockDomain::kGraphics) {
    return Call("lock graphics clocks", nvml.lock_graphics_clocks, minimum, maximum);
  }
  return Call("lock memory clocks", nvml.lock_memory_clocks, minimum, maximum);
}

Result<void> NvmlSettings::ResetClocks(std::optional<ClockDomain> domain) {
  const Functions& nvml = library_.functions();
  if (domain == ClockDomain::kGraphics) return Call("reset graphics clocks", nvml.reset_graphics_clocks);
  if (domain == ClockDomain::kMemory) return Call("reset memory clocks", nvml.reset_memory_clocks);
  // Both are tried, whatever the first says.
  Result<void> graphics = ResetClocks(ClockDomain::kGraphics);
  Result<void> memory = ResetClocks(ClockDomain::kMemory);
  // Cards without memory clocks to lock have none to reset either.
  if (memory || memory.error().code == ErrorCode::kFailedPrecondition) return graphics;
  return graphics ? memory : graphics;
}

}  // namespace zeus::nvml
