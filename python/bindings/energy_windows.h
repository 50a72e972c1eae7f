#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "python/bindings/device.h"
#include "zeus/monitor/energy_monitor.h"
#include "zeus/monitor/window_log_file.h"

namespace zeus::python {

/// What zeus.monitor.ZeusMonitor is made of: an EnergyMonitor whose measurements are Python objects. Thread-safe. In a
/// forked child every call fails, and its end leaves the parent's threads alone.
class EnergyWindows {
 public:
  struct Options {
    std::vector<int> gpu_indices;  ///< What the devices are called in measurements and logs, in their order.
    std::vector<int> cpu_indices;
    bool estimate_short_windows = false;
    std::optional<std::string> log_file;
    nanobind::object wait;  ///< Called before an edge that waits, instead of the queues of CUDA and HIP; may be None.
    nanobind::object measurement_type;  ///< Has attributes time, gpu_energy, cpu_energy, dram_energy, soc_energy.
  };

  EnergyWindows(const std::vector<GpuHandle>& gpus, const std::vector<CpuHandle>& cpus, Options options);
  ~EnergyWindows();
  EnergyWindows(const EnergyWindows&) = delete;
  EnergyWindows& operator=(const EnergyWindows&) = delete;

  void BeginWindow(std::string_view key, bool sync_execution, bool restart);
  nanobind::object EndWindow(std::string_view key, bool sync_execution, bool cancel);
  void ResetWindows();
  /// Ends its sampling thread, for good.
  void Close();
  [[nodiscard]] bool samples() const { return monitor_ != nullptr && monitor_->sampler() != nullptr; }

 private:
  [[nodiscard]] std::shared_ptr<EnergyMonitor> Usable() const;
  [[nodiscard]] DeviceWait Wait(bool sync_execution) const;
  [[nodiscard]] nanobind::object ToPython(const Measurement& measurement);
  [[nodiscard]] nanobind::object Cancelled() const;
  void WarnOfZero();

  // Constant after construction.
  const Options options_;
  const uint64_t generation_;
  std::optional<WindowLogFile> log_;

  // Guarded by the GIL. Shared with the calls under way, which have let go of that.
  std::shared_ptr<EnergyMonitor> monitor_;
  bool warned_ = false;
};

}  // namespace zeus::python
