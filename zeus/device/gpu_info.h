#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zeus {

enum class GpuVendor { kNvidia, kAmd, kFake };

/// What identifies a GPU and stays as it is while it is open.
struct GpuInfo {
  GpuVendor vendor = GpuVendor::kFake;
  std::string name;         ///< The vendor's name, such as "Tesla V100-PCIE-16GB".
  std::string uuid;         ///< "GPU-...", unique in the world; it names the device in journals and logs.
  std::string pci_address;  ///< "0000:07:00.0": domain, bus, device, function in lower-case hexadecimal.
  int index = 0;            ///< Position in the vendor's own order on this machine, before any visibility variable.
  std::vector<std::string> notes;  ///< What a reader of its figures should know, a sentence each.
  /// What is changed comes back by itself when this process ends, however it does: nobody need note what was there.
  bool settings_are_leased = false;
};

/// Everything that some GPUs can do and others cannot.
enum class Capability {
  kInstantPower,
  kAveragePower,
  kMemoryPower,
  kEnergyCounter,
  kTemperature,
  kClocks,
  kUtilization,
  kMemoryUse,
  kThrottleReasons,
  kProcesses,
  kPowerLimit,
  kPersistenceMode,
  kSetPowerLimit,
  kSetPersistenceMode,
  kLockGraphicsClock,
  kLockMemoryClock,
};
inline constexpr size_t kCapabilityCount = static_cast<size_t>(Capability::kLockMemoryClock) + 1;

/// One word for people and JSON: "instant_power", "energy_counter", ...
std::string_view CapabilityName(Capability capability);

/// What one GPU can do with the library that drives it, and for the rest why not. Whether this process *may* change a
/// setting is another question: see privileges.h.
class GpuCapabilities {
 public:
  void Add(Capability capability) { why_not_[Slot(capability)].clear(); }
  void Remove(Capability capability, std::string why_not) { why_not_[Slot(capability)] = std::move(why_not); }

  [[nodiscard]] bool Has(Capability capability) const { return why_not_[Slot(capability)].empty(); }
  /// Why the GPU lacks it, as a sentence without a full stop; empty where it has it.
  [[nodiscard]] const std::string& WhyNot(Capability capability) const { return why_not_[Slot(capability)]; }

 private:
  static size_t Slot(Capability capability) { return static_cast<size_t>(capability); }

  std::array<std::string, kCapabilityCount> why_not_;
};

}  // namespace zeus
