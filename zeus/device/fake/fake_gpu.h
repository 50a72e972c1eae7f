#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/device/energy_counter.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// A GPU in memory: it keeps what it is told, refuses what a card refuses, and draws the power it is given. Its energy
/// is power times the clock's time. For tests and for trying things out; nothing in the programs makes one.
class FakeGpu final : public Gpu, private GpuSettings {
 public:
  struct Options {
    GpuInfo info{.vendor = GpuVendor::kFake,
                 .name = "Fake GPU",
                 .uuid = "GPU-fake-0",
                 .pci_address = "0000:01:00.0",
                 .index = 0,
                 .notes = {}};
    PowerLimitRange limits{Watts(100), Watts(300), Watts(250)};
    std::vector<Megahertz> graphics_clocks{Megahertz(1500), Megahertz(1000), Megahertz(500)};
    std::vector<Megahertz> memory_clocks{Megahertz(900)};
    std::vector<Capability> lacks;
  };

  /// `clock` must outlive the GPU.
  explicit FakeGpu(Options options, const Clock& clock = Clock::System());

  /// From now on; energy goes on from where it was.
  void DrawPower(Watts power);
  void SetTemperature(Celsius temperature);
  /// Every later call fails with this error, until it is cleared.
  void FailWith(std::optional<Error> error);
  /// Every later setting fails with this error, reads go on.
  void FailSettingsWith(std::optional<Error> error);
  /// Settings are accepted and change nothing, as some cards do.
  void IgnoreSettings(bool ignore);
  /// What is locked now; nothing where the driver decides.
  [[nodiscard]] std::optional<ClockRange> LockedClocks(ClockDomain domain) const;
  /// How many settings were made, those that changed nothing included.
  [[nodiscard]] int settings_made() const;

  [[nodiscard]] Result<PowerSample> ReadPower(PowerSensor sensor) override;
  [[nodiscard]] Result<EnergySample> ReadEnergy() override;
  [[nodiscard]] Result<Celsius> ReadTemperature() override;
  [[nodiscard]] Result<GpuStatus> ReadStatus() override;
  [[nodiscard]] Result<std::vector<GpuProcess>> ReadProcesses() override;
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

  /// The lock is held by the caller of each of these.
  [[nodiscard]] Result<void> CheckRead(Capability capability) const;
  [[nodiscard]] Result<void> CheckSetting(Capability capability);
  [[nodiscard]] Joules EnergyAt(Time now) const;

  const PowerLimitRange limits_;
  const std::vector<Megahertz> graphics_clocks_;
  const std::vector<Megahertz> memory_clocks_;
  const Clock& clock_;

  mutable std::mutex mutex_;
  Watts limit_;
  Watts power_{50};
  Joules energy_before_;
  Time power_since_;
  Celsius temperature_{30};
  PersistenceMode persistence_ = PersistenceMode::kOff;
  std::map<ClockDomain, ClockRange> locked_;
  std::optional<Error> error_;
  std::optional<Error> settings_error_;
  bool ignore_settings_ = false;
  int settings_made_ = 0;
  EnergyCounter counter_;
};

}  // namespace zeus
