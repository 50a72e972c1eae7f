#include "zeus/device/amdsmi/amd_gpu_settings.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace zeus {
namespace {

/// Divided, not multiplied: a whole number of watts comes out whole.
Watts FromMicrowatts(uint64_t microwatts) {
  return Watts(static_cast<double>(microwatts) / 1e6);
}

/// A clock as a positive whole number of megahertz.
std::optional<uint64_t> WholeMegahertz(Megahertz clock) {
  if (!(clock.value() >= 0.5 && clock.value() < 1e6)) return std::nullopt;
  return static_cast<uint64_t>(std::llround(clock.value()));
}

}  // namespace

Result<void> AmdGpuSettings::Need(Capability capability) const {
  if (capabilities_.Has(capability)) return {};
  return Fail(ErrorCode::kFailedPrecondition, fmt::format("{}: {}", device_.label(), capabilities_.WhyNot(capability)));
}

Result<PowerLimitRange> AmdGpuSettings::ReadPowerLimitRange() {
  ZEUS_RETURN_IF_ERROR(Need(Capability::kPowerLimit));
  ZEUS_ASSIGN_OR_RETURN(const amdsmi::PowerCapInfo cap, device_.ReadPowerCap());
  return PowerLimitRange{.minimum = FromMicrowatts(cap.min_power_cap),
                         .maximum = FromMicrowatts(cap.max_power_cap),
                         .factory_default = FromMicrowatts(cap.default_power_cap)};
}

Result<Watts> AmdGpuSettings::ReadPowerLimit() {
  ZEUS_RETURN_IF_ERROR(Need(Capability::kPowerLimit));
  ZEUS_ASSIGN_OR_RETURN(const amdsmi::PowerCapInfo cap, device_.ReadPowerCap());
  return FromMicrowatts(cap.power_cap);
}

Result<void> AmdGpuSettings::SetPowerLimit(Watts limit) {
  ZEUS_RETURN_IF_ERROR(Need(Capability::kSetPowerLimit));
  ZEUS_ASSIGN_OR_RETURN(const amdsmi::PowerCapInfo cap, device_.ReadPowerCap());
  const double microwatts = std::round(limit.value() * 1e6);
  if (!(microwatts >= static_cast<double>(cap.min_power_cap) && microwatts <= static_cast<double>(cap.max_power_cap))) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: expected a power limit of {} to {} W, found {} W",
                                                         device_.label(), FromMicrowatts(cap.min_power_cap).value(),
                                                         FromMicrowatts(cap.max_power_cap).value(), limit.value()));
  }
  const auto wanted = static_cast<uint64_t>(microwatts);
  if (wanted == cap.power_cap) return {};
  return device_.SetPowerCap(wanted);
}

Result<PersistenceMode> AmdGpuSettings::ReadPersistenceMode() {
  return std::unexpected(Need(Capability::kPersistenceMode).error());
}

Result<void> AmdGpuSettings::SetPersistenceMode(PersistenceMode /*mode*/) {
  return Need(Capability::kSetPersistenceMode);
}

Result<std::vector<Megahertz>> AmdGpuSettings::ReadSupportedClocks(ClockDomain domain,
                                                                   std::optional<Megahertz> /*memory_clock*/) {
  ZEUS_RETURN_IF_ERROR(Need(Capability::kClocks));
  ZEUS_ASSIGN_OR_RETURN(const AmdDevice::Clocks clocks, device_.ReadClocks(domain));
  return std::vector<Megahertz>{clocks.maximum, clocks.minimum};
}

std::optional<AmdGpuSettings::Bounds> AmdGpuSettings::ReadBounds(ClockDomain domain) const {
  const Result<AmdDevice::Clocks> clocks = device_.ReadClocks(domain);
  if (!clocks) return std::nullopt;
  return Bounds{static_cast<uint64_t>(clocks->minimum.value()), static_cast<uint64_t>(clocks->maximum.value())};
}

/// The driver refuses a minimum above the maximum at every moment between the two calls, too.
Result<void> AmdGpuSettings::SetBounds(ClockDomain domain, Bounds wanted, std::optional<Bounds> present,
                                       bool& changed_any) const {
  std::pair<uint32_t, uint64_t> first{amdsmi::kLimitMinimum, wanted.minimum};
  std::pair<uint32_t, uint64_t> second{amdsmi::kLimitMaximum, wanted.maximum};
  if (present && wanted.minimum > present->maximum) std::swap(first, second);
  ZEUS_RETURN_IF_ERROR(device_.SetClockLimit(domain, first.first, first.second));
  changed_any = true;
  return device_.SetClockLimit(domain, second.first, second.second);
}

Result<void> AmdGpuSettings::LockClocks(ClockDomain domain, ClockRange range) {
  ZEUS_RETURN_IF_ERROR(
      Need(domain == ClockDomain::kGraphics ? Capability::kLockGraphicsClock : Capability::kLockMemoryClock));
  const std::optional<uint64_t> minimum = WholeMegahertz(range.minimum);
  const std::optional<uint64_t> maximum = WholeMegahertz(range.maximum);
  if (!minimum || !maximum || *minimum > *maximum) {
    return std::unexpected(
        WithClockRange(domain, Error{ErrorCode::kInvalidArgument,
                                     fmt::format("{}: expected clocks from a minimum to a maximum, found {} to {} MHz",
                                                 device_.label(), range.minimum.value(), range.maximum.value())}));
  }
  const Bounds wanted{*minimum, *maximum};
  const std::lock_guard lock(mutex_);
  std::optional<Bounds>& locked = locked_[static_cast<size_t>(domain)];
  if (!device_.library().functions().set_clk_limit.present()) {
    const Result<void> set = device_.SetClockRange(domain, wanted.minimum, wanted.maximum);
    if (!set) return std::unexpected(WithClockRange(domain, set.error()));
    locked = wanted;
    return {};
  }
  const std::optional<Bounds> before = locked ? locked : ReadBounds(domain);
  bool changed_any = false;
  Result<void> set = SetBounds(domain, wanted, before, changed_any);
  const bool hopeless =
      !set && (set.error().code == ErrorCode::kPermissionDenied || set.error().code == ErrorCode::kFailedPrecondition);
  if (!set && !hopeless) {
    // Somebody else may have moved the clocks since: ask the GPU, and try in the order that fits what it says.
    set = SetBounds(domain, wanted, ReadBounds(domain), changed_any);
  }
  if (set) {
    locked = wanted;
    return {};
  }
  if (changed_any && before) {
    // The caller hears of the first error; that this may fail, too, cannot be helped.
    [[maybe_unused]] const Result<void> restored = SetBounds(domain, *before, ReadBounds(domain), changed_any);
  }
  return std::unexpected(WithClockRange(domain, set.error()));
}

Error AmdGpuSettings::WithClockRange(ClockDomain domain, Error error) const {
  if (error.code != ErrorCode::kInvalidArgument) return error;
  if (const std::optional<Bounds> bounds = ReadBounds(domain)) {
    error.message += fmt::format("; it has clocks from {} to {} MHz", bounds->minimum, bounds->maximum);
  }
  return error;
}

Result<void> AmdGpuSettings::ResetClocks(std::optional<ClockDomain> domain) {
  if (domain) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: AMD GPUs cannot reset one clock domain alone; reset all of them", device_.label()));
  }
  const std::lock_guard lock(mutex_);
  ZEUS_RETURN_IF_ERROR(device_.ResetAllClocks());
  for (std::optional<Bounds>& each : locked_) each.reset();
  return {};
}

}  // namespace zeus
