#pragma once

#include "services/node_daemon/command_overrides.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// A GPU some of whose settings are made by commands. Everything else is the GPU's own.
class OverriddenGpu final : public Gpu, private GpuSettings {
 public:
  /// Both must outlive it.
  OverriddenGpu(Gpu& gpu, const CommandOverrides& overrides)
      : Gpu(gpu.info(), gpu.capabilities()), gpu_(gpu), overrides_(overrides) {}

  [[nodiscard]] Result<PowerSample> ReadPower(PowerSensor sensor) override { return gpu_.ReadPower(sensor); }
  [[nodiscard]] Result<EnergySample> ReadEnergy() override { return gpu_.ReadEnergy(); }
  [[nodiscard]] Result<Celsius> ReadTemperature() override { return gpu_.ReadTemperature(); }
  [[nodiscard]] Result<GpuStatus> ReadStatus() override { return gpu_.ReadStatus(); }
  [[nodiscard]] Result<std::vector<GpuProcess>> ReadProcesses() override { return gpu_.ReadProcesses(); }
  [[nodiscard]] GpuSettings& settings() override { return *this; }

 private:
  [[nodiscard]] Result<PowerLimitRange> ReadPowerLimitRange() override;
  [[nodiscard]] Result<Watts> ReadPowerLimit() override;
  Result<void> SetPowerLimit(Watts limit) override;
  [[nodiscard]] Result<PersistenceMode> ReadPersistenceMode() override;
  Result<void> SetPersistenceMode(PersistenceMode mode) override;
  [[nodiscard]] Result<std::vector<Megahertz>> ReadSupportedClocks(ClockDomain domain,
                                                                   std::optional<Megahertz> memory_clock) override;
  Result<void> LockClocks(ClockDomain domain, ClockRange range) override;
  Result<void> ResetClocks(std::optional<ClockDomain> domain) override;

  // By its command, or else by the library.
  Result<void> Apply(const SettingChange& change);

  Gpu& gpu_;
  const CommandOverrides& overrides_;
};

}  // namespace zeus
