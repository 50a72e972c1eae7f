#pragma once

#include <mutex>

#include "zeus/device/amdsmi/amd_device.h"
#include "zeus/device/amdsmi/amd_gpu_settings.h"
#include "zeus/device/energy_counter.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// A GPU that AMD SMI knows. The clock, and the library in `device`, must outlive it.
class AmdGpu final : public Gpu {
 public:
  /// `capabilities` are what the GPU was found to have: see ListAmdGpus.
  AmdGpu(AmdDevice device, GpuInfo info, GpuCapabilities capabilities, const Clock& clock)
      : Gpu(std::move(info), std::move(capabilities)),
        device_(std::move(device)),
        clock_(clock),
        settings_(device_, this->capabilities()) {}

  [[nodiscard]] Result<PowerSample> ReadPower(PowerSensor sensor) override;
  [[nodiscard]] Result<EnergySample> ReadEnergy() override;
  [[nodiscard]] Result<Celsius> ReadTemperature() override;
  [[nodiscard]] Result<GpuStatus> ReadStatus() override;
  [[nodiscard]] Result<std::vector<GpuProcess>> ReadProcesses() override;
  [[nodiscard]] GpuSettings& settings() override { return settings_; }

 private:
  [[nodiscard]] Result<void> Need(Capability capability) const;

  // Constant after construction.
  const AmdDevice device_;
  const Clock& clock_;

  // Synchronised by itself.
  AmdGpuSettings settings_;

  // Guarded by mutex_, which is held while the counter is read: readings must reach the total in order.
  std::mutex mutex_;
  EnergyCounter energy_;
};

}  // namespace zeus
