#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "zeus/device/amdsmi/amd_device.h"
#include "zeus/device/gpu_info.h"
#include "zeus/device/gpu_settings.h"

namespace zeus {

/// The settings of an AMD GPU. Thread-safe. What it is given must outlive it.
class AmdGpuSettings final : public GpuSettings {
 public:
  AmdGpuSettings(const AmdDevice& device, const GpuCapabilities& capabilities)
      : device_(device), capabilities_(capabilities) {}

  [[nodiscard]] Result<PowerLimitRange> ReadPowerLimitRange() override;
  [[nodiscard]] Result<Watts> ReadPowerLimit() override;
  Result<void> SetPowerLimit(Watts limit) override;

  [[nodiscard]] Result<PersistenceMode> ReadPersistenceMode() override;
  Result<void> SetPersistenceMode(PersistenceMode mode) override;

  /// The highest and the lowest: AMD SMI lists none between. They do not depend on the memory clock.
  [[nodiscard]] Result<std::vector<Megahertz>> ReadSupportedClocks(ClockDomain domain,
                                                                   std::optional<Megahertz> memory_clock) override;
  Result<void> LockClocks(ClockDomain domain, ClockRange range) override;
  /// kFailedPrecondition for one domain alone.
  Result<void> ResetClocks(std::optional<ClockDomain> domain) override;

 private:
  struct Bounds {
    uint64_t minimum = 0;  ///< MHz.
    uint64_t maximum = 0;
  };

  [[nodiscard]] Result<void> Need(Capability capability) const;
  [[nodiscard]] std::optional<Bounds> ReadBounds(ClockDomain domain) const;
  [[nodiscard]] Result<void> SetBounds(ClockDomain domain, Bounds wanted, std::optional<Bounds> present,
                                       bool& changed_any) const;
  [[nodiscard]] Error WithClockRange(ClockDomain domain, Error error) const;

  const AmdDevice& device_;
  const GpuCapabilities& capabilities_;

  // Guarded by mutex_, which is held while clocks change: two calls set one range.
  std::mutex mutex_;
  std::optional<Bounds> locked_[2];
};

}  // namespace zeus
