#include "zeus/device/amdsmi/amd_gpu.h"

#include <fmt/format.h>

#include <optional>

namespace zeus {
namespace {

/// The value where there is one; the first error is kept.
template <class T>
std::optional<T> ValueOrNote(Result<T> reading, std::optional<Error>& first_error) {
  if (reading) return *std::move(reading);
  if (!first_error) first_error = std::move(reading).error();
  return std::nullopt;
}

}  // namespace

Result<void> AmdGpu::Need(Capability capability) const {
  if (capabilities().Has(capability)) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("{}: {}", device_.label(), capabilities().WhyNot(capability)));
}

Result<PowerSample> AmdGpu::ReadPower(PowerSensor sensor) {
  const Capability needed = sensor == PowerSensor::kInstant   ? Capability::kInstantPower
                            : sensor == PowerSensor::kAverage ? Capability::kAveragePower
                                                              : Capability::kMemoryPower;
  ZEUS_RETURN_IF_ERROR(Need(needed));
  ZEUS_ASSIGN_OR_RETURN(const AmdDevice::Power power, device_.ReadPower());
  const std::optional<Watts> reading = sensor == PowerSensor::kInstant ? power.instant : power.average;
  if (!reading) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{}: its power sensor shows no value at the moment", device_.label()));
  }
  return PowerSample{*reading, clock_.Now()};
}

Result<EnergySample> AmdGpu::ReadEnergy() {
  ZEUS_RETURN_IF_ERROR(Need(Capability::kEnergyCounter));
  const std::lock_guard lock(mutex_);
  ZEUS_ASSIGN_OR_RETURN(const AmdDevice::EnergyCount count, device_.ReadEnergyCount());
  const Time now = clock_.Now();
  const EnergyCounter::Reading reading = energy_.Advance(count.counts);
  return EnergySample{static_cast<double>(reading.total) * count.per_count, now, reading.step};
}

Result<Celsius> AmdGpu::ReadTemperature() {
  ZEUS_RETURN_IF_ERROR(Need(Capability::kTemperature));
  return device_.ReadTemperature();
}

Result<GpuStatus> AmdGpu::ReadStatus() {
  std::optional<Error> error;
  GpuStatus status;
  if (const auto clocks = ValueOrNote(device_.ReadClocks(ClockDomain::kGraphics), error)) {
    status.graphics_clock = clocks->now;
  }
  if (const auto clocks = ValueOrNote(device_.ReadClocks(ClockDomain::kMemory), error)) {
    status.memory_clock = clocks->now;
  }
  if (const auto activity = ValueOrNote(device_.ReadActivity(), error)) {
    status.gpu_utilization = activity->gpu;
    status.memory_utilization = activity->memory;
  }
  status.memory_used = ValueOrNote(device_.ReadMemoryUsed(), error);
  status.memory_total = ValueOrNote(device_.ReadMemoryTotal(), error);
  const bool has_any = status.graphics_clock || status.memory_clock || status.gpu_utilization ||
                       status.memory_utilization || status.memory_used || status.memory_total;
  if (has_any) return status;
  if (error) return std::unexpected(*std::move(error));
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: shows neither clocks, activity nor memory", device_.label()));
}

Result<std::vector<GpuProcess>> AmdGpu::ReadProcesses() {
  ZEUS_RETURN_IF_ERROR(Need(Capability::kProcesses));
  return device_.ReadProcesses();
}

}  // namespace zeus
