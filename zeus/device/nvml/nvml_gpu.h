#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/device/energy_counter.h"
#include "zeus/device/gpu.h"
#include "zeus/device/nvml/nvml_library.h"
#include "zeus/device/nvml/nvml_settings.h"

namespace zeus::nvml {

/// How one power figure of one GPU is read: cards and drivers differ.
struct PowerSource {
  enum class Call { kNone, kFieldValue, kPowerUsage };

  Call call = Call::kNone;
  unsigned field = 0;
  unsigned scope = 0;
};

/// What opening found out about a GPU.
struct Probe {
  Device device = nullptr;
  GpuInfo info;
  GpuCapabilities capabilities;
  PowerSource instant;
  PowerSource average;
};

/// Asks the GPU what it is and can do; changes nothing.
Result<Probe> ProbeGpu(const Library& library, int index);

/// A GPU driven by NVML. `library` and `clock` must outlive it.
class NvmlGpu final : public Gpu {
 public:
  NvmlGpu(const Library& library, const Clock& clock, Probe probe);

  [[nodiscard]] Result<PowerSample> ReadPower(PowerSensor sensor) override;
  [[nodiscard]] Result<EnergySample> ReadEnergy() override;
  [[nodiscard]] Result<Celsius> ReadTemperature() override;
  [[nodiscard]] Result<GpuStatus> ReadStatus() override;
  [[nodiscard]] Result<std::vector<GpuProcess>> ReadProcesses() override;
  [[nodiscard]] GpuSettings& settings() override { return settings_; }

 private:
  [[nodiscard]] Error ToError(Return result, const char* what) const;
  Result<void> AddProcesses(GpuProcess::Kind kind, std::vector<GpuProcess>& processes) const;

  // Constant after construction.
  const Library& library_;
  const Clock& clock_;
  const Device device_;
  const PowerSource instant_;
  const PowerSource average_;
  const bool has_energy_counter_;

  // Held over the call, too: two readings that overtake each other would look like a counter that fell.
  std::mutex energy_mutex_;
  EnergyCounter energy_counter_;

  NvmlSettings settings_;
};

}  // namespace zeus::nvml
