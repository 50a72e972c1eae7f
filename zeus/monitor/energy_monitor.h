#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/cpu.h"
#include "zeus/device/gpu.h"
#include "zeus/monitor/measurement.h"
#include "zeus/monitor/power_sampler.h"

namespace zeus {

/// What to do about a window of that name which is already open.
enum class IfOpen { kFail, kRestart };

/// Whether EnergyMonitorOptions::wait_for_devices is called first.
enum class DeviceWait { kWait, kDontWait };

/// What to say of a GPU whose counter did not step during a window.
enum class ShortWindows {
  kAsCounted,  ///< 0 J, marked as too short.
  kEstimate,   ///< The power at the window's end times its duration, and kEstimated.
};

struct EnergyMonitorOptions {
  /// Called before a window opens and before it closes, so that queued work falls into the window that queued it; see
  /// device_queue.h. On an error the window stays as it was. Called by several threads at once when they measure.
  std::function<Result<void>()> wait_for_devices;
  ShortWindows short_windows = ShortWindows::kAsCounted;
  /// Between two steps of the GPUs' energy counters: 20 to 100 ms on NVIDIA's (Yang, Adamek and Armour, SC'24). Windows
  /// of fewer than three of them are marked as too short.
  Seconds counter_period{0.1};
  /// Of the GPUs without a counter: absent is the sensors' own, inferred, which takes some tenths of a second.
  std::optional<Seconds> sampling_period;
  const Clock& clock = Clock::System();
  std::function<WallTime()> wall_clock = [] { return std::chrono::system_clock::now(); };
};

/// Measures energy in named windows that may nest and overlap. Thread-safe; windows are the monitor's, not the
/// thread's, so that one may be opened here and closed there. Counters are read outside of the lock.
///
/// GPUs with an energy counter cost one read at either end. The others are sampled by one thread for as long as the
/// monitor lives, and integrated.
class EnergyMonitor {
 public:
  /// GPU n of a measurement is `gpus[n]`, and the same for the cpus; neither need have any. All must outlive the
  /// monitor. kInvalidArgument for a null pointer or a period that is not above 0.
  static Result<std::unique_ptr<EnergyMonitor>> Create(std::span<Gpu* const> gpus, std::span<Cpu* const> cpus,
                                                       EnergyMonitorOptions options = {});
  ~EnergyMonitor();

  /// kInvalidArgument naming a window that is open already. A device that cannot be read is no error here: it is
  /// missing from the measurement.
  Result<void> BeginWindow(std::string_view name, IfOpen if_open = IfOpen::kFail, DeviceWait wait = DeviceWait::kWait);
  /// kNotFound naming a window that is not open.
  Result<Measurement> EndWindow(std::string_view name, DeviceWait wait = DeviceWait::kWait);
  /// Forgets a window; kNotFound naming one that is not open.
  Result<void> CancelWindow(std::string_view name);
  void CancelAllWindows();

  [[nodiscard]] const std::vector<Gpu*>& gpus() const { return gpus_; }
  [[nodiscard]] const std::vector<Cpu*>& cpus() const { return cpus_; }
  /// Of the GPUs without a counter; null where every GPU has one.
  [[nodiscard]] const PowerSampler* sampler() const { return sampler_.get(); }

 private:
  /// One GPU at one edge of a window.
  struct GpuReading {
    Joules energy;        ///< Of its counter, or of the sampler's integral.
    Seconds held_over;    ///< What of the integral's time was not seen.
    uint64_t resets = 0;  ///< Of its counter, so far.
  };
  struct Window;
  struct GpuState;

  EnergyMonitor(std::span<Gpu* const> gpus, std::span<Cpu* const> cpus, EnergyMonitorOptions options);

  [[nodiscard]] Result<void> WaitForDevices(DeviceWait wait) const;
  [[nodiscard]] bool IsOpen(std::string_view name);
  [[nodiscard]] Window ReadAll();
  [[nodiscard]] Result<GpuReading> ReadGpu(size_t index);
  [[nodiscard]] Measurement Difference(const Window& begun, const Window& ended);
  [[nodiscard]] EnergyFigure GpuFigure(size_t index, const GpuReading& begun, const GpuReading& ended,
                                       Seconds duration);

  // Constant after construction.
  const EnergyMonitorOptions options_;
  const std::vector<Gpu*> gpus_;
  const std::vector<Cpu*> cpus_;
  std::unique_ptr<PowerSampler> sampler_;

  std::vector<GpuState> gpu_states_;  // Synchronised by themselves.

  std::mutex mutex_;
  std::map<std::string, Window, std::less<>> windows_;  // Guarded by mutex_.
};

}  // namespace zeus
