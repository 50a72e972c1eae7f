#include "zeus/device/remote/remote_settings.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace zeus {
namespace {

std::string LabelOf(const Gpu& gpu) {
  return fmt::format("GPU {} ({})", gpu.info().index, gpu.info().name);
}

// A 400 stands for a wrong value and for what a GPU cannot do at all. Values that are wrong are told here before the
// daemon is asked, and by drivers in one of these words.
bool IsOfTheValue(const Error& error) {
  return error.message.find("invalid argument") != std::string::npos ||
         error.message.find("argument was invalid") != std::string::npos;
}

}  // namespace

Result<PowerLimitRange> RemoteSettings::ReadPowerLimitRange() {
  return read_.settings().ReadPowerLimitRange();
}

Result<Watts> RemoteSettings::ReadPowerLimit() {
  return read_.settings().ReadPowerLimit();
}

Result<void> RemoteSettings::Change(const node::Change& change) {
  Result<void> changed = changer_->Change(gpu_, change);
  if (!changed && changed.error().code == ErrorCode::kInvalidArgument && !IsOfTheValue(changed.error())) {
    changed.error().code = ErrorCode::kFailedPrecondition;
  }
  return changed;
}

Result<void> RemoteSettings::SetPowerLimit(Watts limit) {
  if (!std::isfinite(limit.value()) || limit <= Watts(0)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: set power limit: {} W is no power limit", LabelOf(read_), limit.value()));
  }
  const Result<PowerLimitRange> range = ReadPowerLimitRange();
  if (range && (limit < range->minimum || limit > range->maximum)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: set power limit: {} W is outside {} to {} W", LabelOf(read_), limit.value(),
                            range->minimum.value(), range->maximum.value()));
  }
  // What was set here before counts until another is asked for, also while the daemon is away and the card says
  // something else.
  const std::optional<Watts> held = changer_->PowerLimitOf(gpu_);
  if (held.value_or(limit) == limit && ReadPowerLimit() == limit) return {};
  return Change(node::SetPowerLimit{limit});
}

Result<PersistenceMode> RemoteSettings::ReadPersistenceMode() {
  return read_.settings().ReadPersistenceMode();
}

Result<void> RemoteSettings::SetPersistenceMode(PersistenceMode mode) {
  if (!read_.capabilities().Has(Capability::kSetPersistenceMode)) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: set persistence mode: {}", LabelOf(read_),
                            read_.capabilities().WhyNot(Capability::kSetPersistenceMode)));
  }
  if (changer_->PersistenceModeOf(gpu_).value_or(mode) == mode && ReadPersistenceMode() == mode) return {};
  return Change(node::SetPersistenceMode{mode});
}

Result<std::vector<Megahertz>> RemoteSettings::ReadSupportedClocks(ClockDomain domain,
                                                                   std::optional<Megahertz> memory_clock) {
  return read_.settings().ReadSupportedClocks(domain, memory_clock);
}

Result<void> RemoteSettings::LockClocks(ClockDomain domain, ClockRange range) {
  if (!(range.minimum >= Megahertz(0) && range.minimum <= range.maximum)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: lock clocks: {} to {} MHz is no range", LabelOf(read_),
                                                         range.minimum.value(), range.maximum.value()));
  }
  return Change(node::LockClocks{domain, range});
}

Result<void> RemoteSettings::ResetClocks(std::optional<ClockDomain> domain) {
  return Change(node::ResetClocks{domain});
}

Result<PowerLimitRange> RefusedSettings::ReadPowerLimitRange() {
  return read_.settings().ReadPowerLimitRange();
}

Result<Watts> RefusedSettings::ReadPowerLimit() {
  return read_.settings().ReadPowerLimit();
}

Result<void> RefusedSettings::SetPowerLimit(Watts limit) {
  return ReadPowerLimit() == limit ? Result<void>() : Refuse();
}

Result<void> RefusedSettings::SetPersistenceMode(PersistenceMode mode) {
  return ReadPersistenceMode() == mode ? Result<void>() : Refuse();
}

Result<PersistenceMode> RefusedSettings::ReadPersistenceMode() {
  return read_.settings().ReadPersistenceMode();
}

Result<std::vector<Megahertz>> RefusedSettings::ReadSupportedClocks(ClockDomain domain,
                                                                    std::optional<Megahertz> memory_clock) {
  return read_.settings().ReadSupportedClocks(domain, memory_clock);
}

}  // namespace zeus
