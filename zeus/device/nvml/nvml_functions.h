#pragma once

#include "zeus/device/nvml/nvml_abi.h"

/// X(member, symbol, parameters): the functions of NVML that Zeus calls, each returning a Return.
/// Without one of the first group nothing works; without one of the second a capability is gone.
#define ZEUS_NVML_REQUIRED(X)                                            \
  X(init, nvmlInit_v2, (void))                                           \
  X(shutdown, nvmlShutdown, (void))                                      \
  X(device_count, nvmlDeviceGetCount_v2, (unsigned*))                    \
  X(handle_by_index, nvmlDeviceGetHandleByIndex_v2, (unsigned, Device*)) \
  X(name, nvmlDeviceGetName, (Device, char*, unsigned))                  \
  X(uuid, nvmlDeviceGetUUID, (Device, char*, unsigned))                  \
  X(pci_info, nvmlDeviceGetPciInfo_v3, (Device, PciInfo*))

#define ZEUS_NVML_OPTIONAL(X)                                                                                  \
  X(driver_version, nvmlSystemGetDriverVersion, (char*, unsigned))                                             \
  X(library_version, nvmlSystemGetNVMLVersion, (char*, unsigned))                                              \
  X(compute_capability, nvmlDeviceGetCudaComputeCapability, (Device, int*, int*))                              \
  X(architecture, nvmlDeviceGetArchitecture, (Device, unsigned*))                                              \
  X(field_values, nvmlDeviceGetFieldValues, (Device, int, FieldValue*))                                        \
  X(power_usage, nvmlDeviceGetPowerUsage, (Device, unsigned*))                                                 \
  X(total_energy, nvmlDeviceGetTotalEnergyConsumption, (Device, unsigned long long*))                          \
  X(temperature_v, nvmlDeviceGetTemperatureV, (Device, TemperatureV1*))                                        \
  X(temperature, nvmlDeviceGetTemperature, (Device, TemperatureSensor, unsigned*))                             \
  X(clock_info, nvmlDeviceGetClockInfo, (Device, ClockType, unsigned*))                                        \
  X(utilization, nvmlDeviceGetUtilizationRates, (Device, Utilization*))                                        \
  X(memory_info_v2, nvmlDeviceGetMemoryInfo_v2, (Device, MemoryV2*))                                           \
  X(memory_info, nvmlDeviceGetMemoryInfo, (Device, Memory*))                                                   \
  X(clocks_event_reasons, nvmlDeviceGetCurrentClocksEventReasons, (Device, unsigned long long*))               \
  X(clocks_throttle_reasons, nvmlDeviceGetCurrentClocksThrottleReasons, (Device, unsigned long long*))         \
  X(compute_processes, nvmlDeviceGetComputeRunningProcesses_v3, (Device, unsigned*, ProcessInfo*))             \
  X(graphics_processes, nvmlDeviceGetGraphicsRunningProcesses_v3, (Device, unsigned*, ProcessInfo*))           \
  X(power_limit, nvmlDeviceGetPowerManagementLimit, (Device, unsigned*))                                       \
  X(default_power_limit, nvmlDeviceGetPowerManagementDefaultLimit, (Device, unsigned*))                        \
  X(power_limit_range, nvmlDeviceGetPowerManagementLimitConstraints, (Device, unsigned*, unsigned*))           \
  X(set_power_limit, nvmlDeviceSetPowerManagementLimit, (Device, unsigned))                                    \
  X(persistence_mode, nvmlDeviceGetPersistenceMode, (Device, EnableState*))                                    \
  X(set_persistence_mode, nvmlDeviceSetPersistenceMode, (Device, EnableState))                                 \
  X(supported_memory_clocks, nvmlDeviceGetSupportedMemoryClocks, (Device, unsigned*, unsigned*))               \
  X(supported_graphics_clocks, nvmlDeviceGetSupportedGraphicsClocks, (Device, unsigned, unsigned*, unsigned*)) \
  X(lock_graphics_clocks, nvmlDeviceSetGpuLockedClocks, (Device, unsigned, unsigned))                          \
  X(reset_graphics_clocks, nvmlDeviceResetGpuLockedClocks, (Device))                                           \
  X(lock_memory_clocks, nvmlDeviceSetMemoryLockedClocks, (Device, unsigned, unsigned))                         \
  X(reset_memory_clocks, nvmlDeviceResetMemoryLockedClocks, (Device))

namespace zeus::nvml {

/// The functions of one loaded library. Those of the first group are always there, the others null where it lacks them.
struct Functions {
#define ZEUS_NVML_MEMBER(member, symbol, parameters) Return(*member) parameters = nullptr;
  ZEUS_NVML_REQUIRED(ZEUS_NVML_MEMBER)
  ZEUS_NVML_OPTIONAL(ZEUS_NVML_MEMBER)
#undef ZEUS_NVML_MEMBER
  const char* (*error_text)(Return) = nullptr;
};

}  // namespace zeus::nvml
