#pragma once

#include <memory>
#include <string>

#include "zeus/device/gpu.h"
#include "zeus/device/remote/remote_settings.h"

namespace zeus {

/// A GPU that is read through `read`, and whose settings are changed by the node daemon.
class RemoteGpu final : public Gpu {
 public:
  /// `gpu` is the daemon's number of it. Leased: the daemon puts back what is changed when this process ends.
  RemoteGpu(std::unique_ptr<Gpu> read, std::shared_ptr<NodeChanger> changer, node::Id gpu, NodeChanges changes);
  /// The same where the daemon cannot be used: nothing is changed, and errors say why.
  RemoteGpu(std::unique_ptr<Gpu> read, const std::string& why_not);

  [[nodiscard]] Result<PowerSample> ReadPower(PowerSensor sensor) override { return read_->ReadPower(sensor); }
  [[nodiscard]] Result<EnergySample> ReadEnergy() override { return read_->ReadEnergy(); }
  [[nodiscard]] Result<Celsius> ReadTemperature() override { return read_->ReadTemperature(); }
  [[nodiscard]] Result<GpuStatus> ReadStatus() override { return read_->ReadStatus(); }
  [[nodiscard]] Result<std::vector<GpuProcess>> ReadProcesses() override { return read_->ReadProcesses(); }
  [[nodiscard]] GpuSettings& settings() override { return *settings_; }

 private:
  const std::unique_ptr<Gpu> read_;
  const std::unique_ptr<GpuSettings> settings_;
};

}  // namespace zeus
