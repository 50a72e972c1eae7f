#pragma once

#include <utility>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/device/gpu_info.h"
#include "zeus/device/gpu_readings.h"
#include "zeus/device/gpu_settings.h"

namespace zeus {

/// One GPU, whoever made it. Thread-safe. Must not outlive the DeviceInventory it came from.
///
/// Errors of every read: kFailedPrecondition where the GPU has no such sensor (see capabilities()), kUnavailable for a
/// GPU that is lost, needs a reset or timed out, kPermissionDenied. One GPU's failure says nothing about the others.
class Gpu {
 public:
  virtual ~Gpu() = default;
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  [[nodiscard]] const GpuInfo& info() const { return info_; }
  [[nodiscard]] const GpuCapabilities& capabilities() const { return capabilities_; }

  [[nodiscard]] virtual Result<PowerSample> ReadPower(PowerSensor sensor) = 0;
  /// Energy since some moment before the GPU was opened.
  [[nodiscard]] virtual Result<EnergySample> ReadEnergy() = 0;
  [[nodiscard]] virtual Result<Celsius> ReadTemperature() = 0;
  /// Fails only if nothing at all can be read.
  [[nodiscard]] virtual Result<GpuStatus> ReadStatus() = 0;
  [[nodiscard]] virtual Result<std::vector<GpuProcess>> ReadProcesses() = 0;
  [[nodiscard]] virtual GpuSettings& settings() = 0;

 protected:
  Gpu(GpuInfo info, GpuCapabilities capabilities) : info_(std::move(info)), capabilities_(std::move(capabilities)) {}

 private:
  const GpuInfo info_;
  const GpuCapabilities capabilities_;
};

}  // namespace zeus
