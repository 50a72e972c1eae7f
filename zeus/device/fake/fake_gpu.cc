#include "zeus/device/fake/fake_gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace zeus {
namespace {

GpuCapabilities ToCapabilities(const std::vector<Capability>& lacks) {
  GpuCapabilities capabilities;
  for (const Capability capability : lacks) capabilities.Remove(capability, "this fake lacks it");
  return capabilities;
}

}  // namespace

FakeGpu::FakeGpu(Options options, const Clock& clock)
    : Gpu(std::move(options.info), ToCapabilities(options.lacks)),
      limits_(options.limits),
      graphics_clocks_(std::move(options.graphics_clocks)),
      memory_clocks_(std::move(options.memory_clocks)),
      clock_(clock),
      limit_(limits_.factory_default),
      power_since_(clock.Now()) {}

Joules FakeGpu::EnergyAt(Time now) const {
  return energy_before_ + power_ * Seconds(std::chrono::duration<double>(now - power_since_).count());
}

void FakeGpu::DrawPower(Watts power) {
  const std::scoped_lock lock(mutex_);
  const Time now = clock_.Now();
  energy_before_ = EnergyAt(now);
  power_since_ = now;
  power_ = power;
}

void FakeGpu::SetTemperature(Celsius temperature) {
  const std::scoped_lock lock(mutex_);
  temperature_ = temperature;
}

void FakeGpu::FailWith(std::optional<Error> error) {
  const std::scoped_lock lock(mutex_);
  error_ = std::move(error);
}

void FakeGpu::FailSettingsWith(std::optional<Error> error) {
  const std::scoped_lock lock(mutex_);
  settings_error_ = std::move(error);
}

void FakeGpu::IgnoreSettings(bool ignore) {
  const std::scoped_lock lock(mutex_);
  ignore_settings_ = ignore;
}

std::optional<ClockRange> FakeGpu::LockedClocks(ClockDomain domain) const {
  const std::scoped_lock lock(mutex_);
  const auto found = locked_.find(domain);
  return found == locked_.end() ? std::nullopt : std::optional(found->second);
}

int FakeGpu::settings_made() const {
  const std::scoped_lock lock(mutex_);
  return settings_made_;
}

Result<void> FakeGpu::CheckRead(Capability capability) const {
  if (error_) return std::unexpected(*error_);
  if (!capabilities().Has(capability)) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("GPU {} ({}): {}: {}", info().index, info().name, CapabilityName(capability),
                            capabilities().WhyNot(capability)));
  }
  return {};
}

Result<void> FakeGpu::CheckSetting(Capability capability) {
  ZEUS_RETURN_IF_ERROR(CheckRead(capability));
  if (settings_error_) return std::unexpected(*settings_error_);
  ++settings_made_;
  return {};
}

Result<PowerSample> FakeGpu::ReadPower(PowerSensor sensor) {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckRead(sensor == PowerSensor::kInstant   ? Capability::kInstantPower
                                 : sensor == PowerSensor::kAverage ? Capability::kAveragePower
                                                                   : Capability::kMemoryPower));
  return PowerSample{power_, clock_.Now()};
}

Result<EnergySample> FakeGpu::ReadEnergy() {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckRead(Capability::kEnergyCounter));
  const Time now = clock_.Now();
  const auto millijoules = static_cast<uint64_t>(std::floor(EnergyAt(now).value() * 1e3));
  const EnergyCounter::Reading reading = counter_.Advance(millijoules);
  return EnergySample{Joules(static_cast<double>(reading.total) / 1e3), now, reading.step};
}

Result<Celsius> FakeGpu::ReadTemperature() {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckRead(Capability::kTemperature));
  return temperature_;
}

Result<GpuStatus> FakeGpu::ReadStatus() {
  const std::scoped_lock lock(mutex_);
  if (error_) return std::unexpected(*error_);
  GpuStatus status;
  if (capabilities().Has(Capability::kUtilization)) {
    status.gpu_utilization = 0;
    status.memory_utilization = 0;
  }
  if (capabilities().Has(Capability::kMemoryUse)) {
    status.memory_used = 0;
    status.memory_total = uint64_t{16} << 30;
  }
  if (capabilities().Has(Capability::kThrottleReasons)) status.throttle_reasons.emplace();
  if (capabilities().Has(Capability::kClocks)) {
    const auto clock = [&](ClockDomain domain, const std::vector<Megahertz>& clocks) {
      const auto range = locked_.find(domain);
      if (clocks.empty()) return Megahertz(0);
      return range == locked_.end() ? clocks.front() : std::min(clocks.front(), range->second.maximum);
    };
    status.graphics_clock = clock(ClockDomain::kGraphics, graphics_clocks_);
    status.memory_clock = clock(ClockDomain::kMemory, memory_clocks_);
  }
  return status;
}

Result<std::vector<GpuProcess>> FakeGpu::ReadProcesses() {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckRead(Capability::kProcesses));
  return std::vector<GpuProcess>();
}

Result<PowerLimitRange> FakeGpu::ReadPowerLimitRange() {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckRead(Capability::kPowerLimit));
  return limits_;
}

Result<Watts> FakeGpu::ReadPowerLimit() {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckRead(Capability::kPowerLimit));
  return limit_;
}

Result<void> FakeGpu::SetPowerLimit(Watts limit) {
  const std::scoped_lock lock(mutex_);
  if (!error_ && limit == limit_) return {};
  ZEUS_RETURN_IF_ERROR(CheckSetting(Capability::kSetPowerLimit));
  if (limit < limits_.minimum || limit > limits_.maximum) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("GPU {} ({}): set power limit: {} W is outside {} to {} W", info().index, info().name,
                            limit.value(), limits_.minimum.value(), limits_.maximum.value()));
  }
  if (!ignore_settings_) limit_ = limit;
  return {};
}

Result<PersistenceMode> FakeGpu::ReadPersistenceMode() {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckRead(Capability::kPersistenceMode));
  return persistence_;
}

Result<void> FakeGpu::SetPersistenceMode(PersistenceMode mode) {
  const std::scoped_lock lock(mutex_);
  if (!error_ && mode == persistence_) return {};
  ZEUS_RETURN_IF_ERROR(CheckSetting(Capability::kSetPersistenceMode));
  if (!ignore_settings_) persistence_ = mode;
  return {};
}

Result<std::vector<Megahertz>> FakeGpu::ReadSupportedClocks(ClockDomain domain, std::optional<Megahertz>) {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckRead(Capability::kClocks));
  return domain == ClockDomain::kGraphics ? graphics_clocks_ : memory_clocks_;
}

Result<void> FakeGpu::LockClocks(ClockDomain domain, ClockRange range) {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(
      CheckSetting(domain == ClockDomain::kGraphics ? Capability::kLockGraphicsClock : Capability::kLockMemoryClock));
  if (range.minimum > range.maximum) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("GPU {} ({}): lock clocks: {} MHz is above {} MHz", info().index, info().name,
                            range.minimum.value(), range.maximum.value()));
  }
  if (!ignore_settings_) locked_.insert_or_assign(domain, range);
  return {};
}

Result<void> FakeGpu::ResetClocks(std::optional<ClockDomain> domain) {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckSetting(Capability::kLockGraphicsClock));
  if (ignore_settings_) return {};
  if (domain) {
    locked_.erase(*domain);
  } else {
    locked_.clear();
  }
  return {};
}

}  // namespace zeus
