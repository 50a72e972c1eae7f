#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "zeus/base/clock.h"
#include "zeus/device/energy_counter.h"
#include "zeus/device/gpu.h"
#include "zeus/device/remote/node_client.h"
#include "zeus/device/remote/node_messages.h"

namespace zeus {

/// A GPU that the node daemon alone can read, as in a container without the vendor's library. It has power, energy, the
/// power limit and persistence mode; settings are not changed here, see RemoteGpu. Errors are those of NodeClient.
///
/// The daemon tells no UUID: the PCI address stands for it. It tells no factory default of the power limit, either: for
/// that stands the limit at the first reading of it.
class NodeReadGpu final : public Gpu, private GpuSettings {
 public:
  /// The clock must outlive it.
  NodeReadGpu(std::shared_ptr<NodeClient> client, const node::GpuEntry& entry, const Clock& clock);

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

  // Constant after construction.
  const std::shared_ptr<NodeClient> client_;  // Shared by all devices that the daemon reads.
  const node::Id id_;
  const Clock& clock_;

  std::mutex mutex_;       // Guards what follows, and is held while energy is read: see EnergyCounter.
  EnergyCounter counter_;  // mJ.
  std::optional<Watts> first_limit_;
};

}  // namespace zeus
