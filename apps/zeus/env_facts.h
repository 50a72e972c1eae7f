#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "zeus/device/inventory.h"
#include "zeus/device/privileges.h"

namespace zeus {

/// Everything about one GPU that `zeus env` shows, read once. What failed is absent, with its reason in `failures`.
struct GpuFacts {
  const Gpu* gpu = nullptr;
  std::optional<int> visible_index;  ///< The n of GPU n in a training script; nothing where it is hidden.
  std::optional<Watts> power;
  std::optional<Joules> energy;
  std::optional<Celsius> temperature;
  std::optional<Watts> power_limit;
  std::optional<PowerLimitRange> power_limit_range;
  std::optional<PersistenceMode> persistence_mode;
  std::optional<std::vector<Megahertz>> graphics_clocks;
  std::optional<std::vector<Megahertz>> memory_clocks;
  GpuStatus status;
  std::optional<size_t> processes;
  std::vector<std::string> failures;
};

struct CpuFacts {
  const Cpu* cpu = nullptr;
  std::optional<CpuEnergySample> energy;
  std::string failure;
};

std::vector<GpuFacts> ReadGpuFacts(const DeviceInventory& inventory);
std::vector<CpuFacts> ReadCpuFacts(const DeviceInventory& inventory);

/// Whether this process may use a capability that a GPU has; for a setting it needs privileges, or the node daemon. Why
/// not, or empty.
std::string WhyMayNot(Capability capability, const Result<Privileges>& privileges, const DeviceInventory& inventory);

/// Whether the node daemon changes settings in this process's place.
[[nodiscard]] bool ChangesThroughNode(const DeviceInventory& inventory);

inline constexpr std::array kAllCapabilities{
    Capability::kInstantPower,   Capability::kAveragePower,       Capability::kMemoryPower,
    Capability::kEnergyCounter,  Capability::kTemperature,        Capability::kClocks,
    Capability::kUtilization,    Capability::kMemoryUse,          Capability::kThrottleReasons,
    Capability::kProcesses,      Capability::kPowerLimit,         Capability::kPersistenceMode,
    Capability::kSetPowerLimit,  Capability::kSetPersistenceMode, Capability::kLockGraphicsClock,
    Capability::kLockMemoryClock};
static_assert(kAllCapabilities.size() == kCapabilityCount);

}  // namespace zeus
