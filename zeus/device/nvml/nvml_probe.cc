#include <fmt/format.h>

#include <array>

#include "zeus/device/nvml/nvml_gpu.h"

namespace zeus::nvml {
namespace {

/// The answer to a read that is tried once: nothing, or why the GPU cannot do it.
struct Answer {
  bool ok = false;
  std::string why_not;
};

template <class Function, class... Arguments>
Answer Try(const Library& library, const char* symbol, Function* function, Arguments... arguments) {
  if (function == nullptr) return {false, fmt::format("this driver's NVML has no {}", symbol)};
  const Return result = function(arguments...);
  if (result == kSuccess) return {true, ""};
  const auto error_text = library.functions().error_text;
  const char* const text = error_text != nullptr ? error_text(result) : nullptr;
  return {false, fmt::format("{} answers {}: {}", symbol, static_cast<int>(result), text != nullptr ? text : "?")};
}

void Set(GpuCapabilities& capabilities, Capability capability, const Answer& answer) {
  if (answer.ok) {
    capabilities.Add(capability);
  } else {
    capabilities.Remove(capability, answer.why_not);
  }
}

Answer TryField(const Library& library, Device device, unsigned field, unsigned scope, FieldValue& value) {
  value = FieldValue{.field = field, .scope = scope};
  Answer answer = Try(library, "nvmlDeviceGetFieldValues", library.functions().field_values, device, 1, &value);
  if (answer.ok && value.result != kSuccess) {
    const auto error_text = library.functions().error_text;
    const char* const text = error_text != nullptr ? error_text(value.result) : nullptr;
    return {false, fmt::format("field {} answers {}: {}", field, static_cast<int>(value.result),
                               text != nullptr ? text : "?")};
  }
  return answer;
}

// nvmlDeviceGetPowerUsage is instant up to GA100 and a one-second average after it (NVML reference, that function).
bool PowerUsageIsInstant(const Library& library, Device device) {
  int major = 0;
  int minor = 0;
  const auto compute_capability = library.functions().compute_capability;
  if (compute_capability == nullptr || compute_capability(device, &major, &minor) != kSuccess) return false;
  return major < 8 || (major == 8 && minor == 0);
}

void ProbePower(const Library& library, Probe& probe) {
  const bool usage_is_instant = PowerUsageIsInstant(library, probe.device);
  unsigned milliwatts = 0;
  const Answer usage =
      Try(library, "nvmlDeviceGetPowerUsage", library.functions().power_usage, probe.device, &milliwatts);
  const auto find = [&](Capability capability, unsigned field, bool usage_fits) {
    FieldValue value{};
    Answer answer;
    for (const unsigned scope : {kScopeGpu, kScopeModule}) {
      const Answer tried = TryField(library, probe.device, field, scope, value);
      if (tried.ok) {
        probe.capabilities.Add(capability);
        if (scope == kScopeModule) {
          probe.info.notes.push_back(fmt::format("{} is of the whole module, CPU and GPU", CapabilityName(capability)));
        }
        return PowerSource{PowerSource::Call::kFieldValue, field, scope};
      }
      if (scope == kScopeGpu) answer = tried;
    }
    if (usage_fits && usage.ok) {
      probe.capabilities.Add(capability);
      return PowerSource{PowerSource::Call::kPowerUsage, 0, 0};
    }
    Set(probe.capabilities, capability, usage_fits ? usage : answer);
    return PowerSource{};
  };
  probe.instant = find(Capability::kInstantPower, kFieldPowerInstant, usage_is_instant);
  probe.average = find(Capability::kAveragePower, kFieldPowerAverage, !usage_is_instant);

  FieldValue memory{};
  Answer answer = TryField(library, probe.device, kFieldPowerAverage, kScopeMemory, memory);
  if (answer.ok && memory.value.as_unsigned == 0) answer = {false, "it reads 0 W: this card has no such sensor"};
  Set(probe.capabilities, Capability::kMemoryPower, answer);
}

void ProbeReads(const Library& library, Probe& probe) {
  const Functions& nvml = library.functions();
  const Device device = probe.device;
  GpuCapabilities& can = probe.capabilities;
  unsigned number = 0;
  unsigned other = 0;
  unsigned long long wide = 0;
  EnableState state = kDisabled;
  Utilization utilization{};
  MemoryV2 memory_v2{.version = kMemoryV2};
  Memory memory{};
  TemperatureV1 temperature{.version = kTemperatureV1, .sensor = kTemperatureGpu, .celsius = 0};

  Set(can, Capability::kEnergyCounter,
      Try(library, "nvmlDeviceGetTotalEnergyConsumption", nvml.total_energy, device, &wide));
  Answer answer = Try(library, "nvmlDeviceGetTemperatureV", nvml.temperature_v, device, &temperature);
  if (!answer.ok) answer = Try(library, "nvmlDeviceGetTemperature", nvml.temperature, device, kTemperatureGpu, &number);
  Set(can, Capability::kTemperature, answer);
  Set(can, Capability::kClocks,
      Try(library, "nvmlDeviceGetClockInfo", nvml.clock_info, device, kClockGraphics, &number));
  Set(can, Capability::kUtilization,
      Try(library, "nvmlDeviceGetUtilizationRates", nvml.utilization, device, &utilization));
  answer = Try(library, "nvmlDeviceGetMemoryInfo_v2", nvml.memory_info_v2, device, &memory_v2);
  if (!answer.ok) answer = Try(library, "nvmlDeviceGetMemoryInfo", nvml.memory_info, device, &memory);
  Set(can, Capability::kMemoryUse, answer);
  answer = Try(library, "nvmlDeviceGetCurrentClocksEventReasons", nvml.clocks_event_reasons, device, &wide);
  if (!answer.ok) {
    answer = Try(library, "nvmlDeviceGetCurrentClocksThrottleReasons", nvml.clocks_throttle_reasons, device, &wide);
  }
  Set(can, Capability::kThrottleReasons, answer);
  std::array<ProcessInfo, 16> processes;
  number = processes.size();
  const auto compute_processes = nvml.compute_processes;
  const bool more =
      compute_processes != nullptr && compute_processes(device, &number, processes.data()) == kInsufficientSize;
  number = processes.size();
  Set(can, Capability::kProcesses,
      more ? Answer{true, ""}
           : Try(library, "nvmlDeviceGetComputeRunningProcesses_v3", compute_processes, device, &number,
                 processes.data()));
  Set(can, Capability::kPowerLimit,
      Try(library, "nvmlDeviceGetPowerManagementLimit", nvml.power_limit, device, &number));
  Set(can, Capability::kPersistenceMode,
      Try(library, "nvmlDeviceGetPersistenceMode", nvml.persistence_mode, device, &state));
  Set(can, Capability::kSetPowerLimit,
      Try(library, "nvmlDeviceGetPowerManagementLimitConstraints", nvml.power_limit_range, device, &number, &other));
}

// Settings are not tried: a function that is there, and its reading counterpart, are taken for the ability.
void ProbeSettings(const Library& library, Probe& probe) {
  const Functions& nvml = library.functions();
  GpuCapabilities& can = probe.capabilities;
  const auto require = [&](Capability capability, const char* symbol, bool present) {
    if (!present) can.Remove(capability, fmt::format("this driver's NVML has no {}", symbol));
  };
  if (!can.Has(Capability::kPowerLimit)) can.Remove(Capability::kSetPowerLimit, can.WhyNot(Capability::kPowerLimit));
  require(Capability::kSetPowerLimit, "nvmlDeviceGetPowerManagementDefaultLimit", nvml.default_power_limit != nullptr);
  require(Capability::kSetPowerLimit, "nvmlDeviceSetPowerManagementLimit", nvml.set_power_limit != nullptr);
  if (can.Has(Capability::kPersistenceMode)) {
    require(Capability::kSetPersistenceMode, "nvmlDeviceSetPersistenceMode", nvml.set_persistence_mode != nullptr);
  } else {
    can.Remove(Capability::kSetPersistenceMode, can.WhyNot(Capability::kPersistenceMode));
  }
  unsigned count = 0;
  const auto list = [&](Capability capability, const char* symbol, auto* function, auto... arguments) {
    if (function == nullptr) return require(capability, symbol, false);
    const Return result = function(probe.device, arguments..., &count, nullptr);
    // Asked for nothing but the number of clocks, the library says that there is no room for them.
    if (result != kSuccess && result != kInsufficientSize) {
      can.Remove(capability, fmt::format("{} answers {}", symbol, static_cast<int>(result)));
    }
  };
  list(Capability::kLockMemoryClock, "nvmlDeviceGetSupportedMemoryClocks", nvml.supported_memory_clocks);
  // NVML reference, the two functions that lock: graphics clocks on Volta and newer, memory clocks on Ampere and newer.
  unsigned architecture = 0;
  if (nvml.architecture != nullptr && nvml.architecture(probe.device, &architecture) == kSuccess) {
    if (architecture < kVolta) can.Remove(Capability::kLockGraphicsClock, "NVML locks graphics clocks from Volta on");
    if (architecture < kAmpere) can.Remove(Capability::kLockMemoryClock, "NVML locks memory clocks from Ampere on");
  }
  require(Capability::kLockGraphicsClock, "nvmlDeviceSetGpuLockedClocks", nvml.lock_graphics_clocks != nullptr);
  require(Capability::kLockGraphicsClock, "nvmlDeviceResetGpuLockedClocks", nvml.reset_graphics_clocks != nullptr);
  require(Capability::kLockMemoryClock, "nvmlDeviceSetMemoryLockedClocks", nvml.lock_memory_clocks != nullptr);
  require(Capability::kLockMemoryClock, "nvmlDeviceResetMemoryLockedClocks", nvml.reset_memory_clocks != nullptr);
}

}  // namespace

Result<Probe> ProbeGpu(const Library& library, int index) {
  const Functions& nvml = library.functions();
  const std::string subject = fmt::format("GPU {}", index);
  Probe probe;
  if (const Return result = nvml.handle_by_index(static_cast<unsigned>(index), &probe.device); result != kSuccess) {
    return std::unexpected(library.ToError(result, subject, "nvmlDeviceGetHandleByIndex_v2"));
  }
  std::array<char, kNameBytes> name{};
  if (const Return result = nvml.name(probe.device, name.data(), kNameBytes); result != kSuccess) {
    return std::unexpected(library.ToError(result, subject, "name"));
  }
  std::array<char, kUuidBytes> uuid{};
  if (const Return result = nvml.uuid(probe.device, uuid.data(), kUuidBytes); result != kSuccess) {
    return std::unexpected(library.ToError(result, subject, "UUID"));
  }
  PciInfo pci{};
  if (const Return result = nvml.pci_info(probe.device, &pci); result != kSuccess) {
    return std::unexpected(library.ToError(result, subject, "PCI address"));
  }
  name.back() = '\0';
  uuid.back() = '\0';
  probe.info = {.vendor = GpuVendor::kNvidia,
                .name = name.data(),
                .uuid = uuid.data(),
                .pci_address = fmt::format("{:04x}:{:02x}:{:02x}.0", pci.domain, pci.bus, pci.device),
                .index = index,
                .notes = {}};
  ProbePower(library, probe);
  ProbeReads(library, probe);
  ProbeSettings(library, probe);
  return probe;
}

}  // namespace zeus::nvml
