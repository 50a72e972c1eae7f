#include "zeus/device/gpu_info.h"

namespace zeus {

std::string_view CapabilityName(Capability capability) {
  switch (capability) {
    case Capability::kInstantPower:
      return "instant_power";
    case Capability::kAveragePower:
      return "average_power";
    case Capability::kMemoryPower:
      return "memory_power";
    case Capability::kEnergyCounter:
      return "energy_counter";
    case Capability::kTemperature:
      return "temperature";
    case Capability::kClocks:
      return "clocks";
    case Capability::kUtilization:
      return "utilization";
    case Capability::kMemoryUse:
      return "memory_use";
    case Capability::kThrottleReasons:
      return "throttle_reasons";
    case Capability::kProcesses:
      return "processes";
    case Capability::kPowerLimit:
      return "power_limit";
    case Capability::kPersistenceMode:
      return "persistence_mode";
    case Capability::kSetPowerLimit:
      return "set_power_limit";
    case Capability::kSetPersistenceMode:
      return "set_persistence_mode";
    case Capability::kLockGraphicsClock:
      return "lock_graphics_clock";
    case Capability::kLockMemoryClock:
      return "lock_memory_clock";
  }
  return "";
}

}  // namespace zeus
