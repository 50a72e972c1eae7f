#include "zeus/device/nvml/nvml_gpu.h"

#include <fmt/format.h>

#include <utility>

namespace zeus::nvml {
namespace {

constexpr double kJoulesPerMillijoule = 1e-3;
constexpr double kWattsPerMilliwatt = 1e-3;

std::string Subject(const GpuInfo& info) {
  return fmt::format("GPU {} ({})", info.index, info.name);
}

std::vector<ThrottleReason> ToReasons(uint64_t bits) {
  constexpr std::pair<uint64_t, ThrottleReason> kReasons[] = {
      {kReasonGpuIdle, ThrottleReason::kIdle},
      {kReasonClockSetting, ThrottleReason::kClockSetting},
      {kReasonSoftwarePowerCap, ThrottleReason::kPowerLimit},
      {kReasonSoftwareThermal | kReasonHardwareThermal, ThrottleReason::kThermal},
      {kReasonHardwareSlowdown | kReasonHardwarePowerBrake, ThrottleReason::kHardwareSlowdown},
      {kReasonSyncBoost, ThrottleReason::kSyncBoost},
  };
  std::vector<ThrottleReason> reasons;
  for (const auto& [mask, reason] : kReasons) {
    if ((bits & mask) != 0) reasons.push_back(reason);
    bits &= ~mask;
  }
  if (bits != 0) reasons.push_back(ThrottleReason::kOther);
  return reasons;
}

}  // namespace

NvmlGpu::NvmlGpu(const Library& library, const Clock& clock, Probe probe)
    : Gpu(std::move(probe.info), std::move(probe.capabilities)),
      library_(library),
      clock_(clock),
      device_(probe.device),
      instant_(probe.instant),
      average_(probe.average),
      has_energy_counter_(capabilities().Has(Capability::kEnergyCounter)),
      settings_(library, probe.device, Subject(info())) {}

Error NvmlGpu::ToError(Return result, const char* what) const {
  return library_.ToError(result, Subject(info()), what);
}

Result<PowerSample> NvmlGpu::ReadPower(PowerSensor sensor) {
  const PowerSource source = sensor == PowerSensor::kInstant ? instant_
                             : sensor == PowerSensor::kAverage
                                 ? average_
                                 : PowerSource{PowerSource::Call::kFieldValue, kFieldPowerAverage, kScopeMemory};
  if (sensor == PowerSensor::kMemoryAverage && !capabilities().Has(Capability::kMemoryPower)) [[unlikely]] {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: memory power: {}", Subject(info()), capabilities().WhyNot(Capability::kMemoryPower)));
  }
  unsigned milliwatts = 0;
  switch (source.call) {
    case PowerSource::Call::kFieldValue: {
      FieldValue value{.field = source.field, .scope = source.scope};
      Return result = library_.functions().field_values(device_, 1, &value);
      if (result == kSuccess) result = value.result;
      if (result != kSuccess) [[unlikely]]
        return std::unexpected(ToError(result, "power"));
      milliwatts = value.value.as_unsigned;
      break;
    }
    case PowerSource::Call::kPowerUsage: {
      const Return result = library_.functions().power_usage(device_, &milliwatts);
      if (result != kSuccess) [[unlikely]]
        return std::unexpected(ToError(result, "power"));
      break;
    }
    case PowerSource::Call::kNone: {
      const Capability missing =
          sensor == PowerSensor::kInstant ? Capability::kInstantPower : Capability::kAveragePower;
      return Fail(ErrorCode::kFailedPrecondition,
                  fmt::format("{}: {}: {}", Subject(info()), CapabilityName(missing), capabilities().WhyNot(missing)));
    }
  }
  return PowerSample{Watts(milliwatts * kWattsPerMilliwatt), clock_.Now()};
}

Result<EnergySample> NvmlGpu::ReadEnergy() {
  if (!has_energy_counter_) [[unlikely]] {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: energy: {}", Subject(info()), capabilities().WhyNot(Capability::kEnergyCounter)));
  }
  const std::scoped_lock lock(energy_mutex_);
  unsigned long long millijoules = 0;
  if (const Return result = library_.functions().total_energy(device_, &millijoules); result != kSuccess) [[unlikely]] {
    return std::unexpected(ToError(result, "energy"));
  }
  const EnergyCounter::Reading reading = energy_counter_.Advance(millijoules);
  return EnergySample{Joules(static_cast<double>(reading.total) * kJoulesPerMillijoule), clock_.Now(), reading.step};
}

Result<Celsius> NvmlGpu::ReadTemperature() {
  const Functions& nvml = library_.functions();
  Return result = kFunctionNotFound;
  if (nvml.temperature_v != nullptr) {
    TemperatureV1 temperature{.version = kTemperatureV1, .sensor = kTemperatureGpu, .celsius = 0};
    result = nvml.temperature_v(device_, &temperature);
    if (result == kSuccess) return Celsius(temperature.celsius);
  }
  // Drivers before 555 have only the older call.
  if (nvml.temperature != nullptr && (result == kFunctionNotFound || result == kNotSupported)) {
    unsigned celsius = 0;
    result = nvml.temperature(device_, kTemperatureGpu, &celsius);
    if (result == kSuccess) return Celsius(celsius);
  }
  return std::unexpected(ToError(result, "temperature"));
}

Result<GpuStatus> NvmlGpu::ReadStatus() {
  const Functions& nvml = library_.functions();
  GpuStatus status;
  Return last_failure = kFunctionNotFound;
  bool any = false;
  const auto read = [&](auto* function, auto... arguments) {
    if (function == nullptr) return false;
    const Return result = function(device_, arguments...);
    if (result == kSuccess) {
      any = true;
    } else {
      last_failure = result;
    }
    return result == kSuccess;
  };

  unsigned megahertz = 0;
  if (read(nvml.clock_info, kClockGraphics, &megahertz)) status.graphics_clock = Megahertz(megahertz);
  if (read(nvml.clock_info, kClockMemory, &megahertz)) status.memory_clock = Megahertz(megahertz);
  Utilization utilization{};
  if (read(nvml.utilization, &utilization)) {
    status.gpu_utilization = utilization.gpu / 100.0;
    status.memory_utilization = utilization.memory / 100.0;
  }
  MemoryV2 memory_v2{.version = kMemoryV2};
  Memory memory{};
  if (read(nvml.memory_info_v2, &memory_v2)) {
    status.memory_used = memory_v2.used;
    status.memory_total = memory_v2.total;
  } else if (read(nvml.memory_info, &memory)) {
    status.memory_used = memory.used;
    status.memory_total = memory.total;
  }
  unsigned long long reasons = 0;
  if (read(nvml.clocks_event_reasons, &reasons) || read(nvml.clocks_throttle_reasons, &reasons)) {
    status.throttle_reasons = ToReasons(reasons);
  }
  if (!any) return std::unexpected(ToError(last_failure, "status"));
  return status;
}

Result<std::vector<GpuProcess>> NvmlGpu::ReadProcesses() {
  std::vector<GpuProcess> processes;
  ZEUS_RETURN_IF_ERROR(AddProcesses(GpuProcess::Kind::kCompute, processes));
  ZEUS_RETURN_IF_ERROR(AddProcesses(GpuProcess::Kind::kGraphics, processes));
  return processes;
}

Result<void> NvmlGpu::AddProcesses(GpuProcess::Kind kind, std::vector<GpuProcess>& processes) const {
  const bool compute = kind == GpuProcess::Kind::kCompute;
  const auto read = compute ? library_.functions().compute_processes : library_.functions().graphics_processes;
  const char* const what = compute ? "compute processes" : "graphics processes";
  // Cards and drivers that know nothing of graphics have no such processes.
  if (read == nullptr && !compute) return {};
  if (read == nullptr) return std::unexpected(ToError(kFunctionNotFound, what));
  std::vector<ProcessInfo> found(16);
  unsigned count = 0;
  Return result = kInsufficientSize;
  // Processes may start between two calls; the library then asks for more room once more.
  for (int attempt = 0; attempt < 5 && result == kInsufficientSize; ++attempt) {
    if (count > found.size()) found.resize(2 * size_t{count});
    count = static_cast<unsigned>(found.size());
    result = read(device_, &count, found.data());
  }
  if (result == kNotSupported && !compute) return {};
  if (result != kSuccess) return std::unexpected(ToError(result, what));
  for (unsigned i = 0; i < count; ++i) {
    GpuProcess process{.pid = found[i].pid, .kind = kind, .memory_used = std::nullopt};
    if (found[i].used_memory != kValueNotAvailable) process.memory_used = found[i].used_memory;
    processes.push_back(process);
  }
  return {};
}

}  // namespace zeus::nvml
