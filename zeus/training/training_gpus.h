#pragma once

#include <cstddef>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu_settings.h"

namespace zeus {

/// What a window over training came to.
struct TrainingFigures {
  Joules energy;  ///< Of all the GPUs.
  Seconds time;
};

/// The GPUs that a process trains on, as one knob and one meter. Not thread-safe.
class TrainingGpus {
 public:
  virtual ~TrainingGpus() = default;

  [[nodiscard]] virtual size_t count() const = 0;
  /// What every one of them allows; the same for all.
  [[nodiscard]] virtual const PowerLimitRange& power_limits() const = 0;

  /// Of all of them. Costs nothing where it is that already.
  virtual Result<void> SetPowerLimit(Watts limit) = 0;

  /// Windows wait for the devices' queued work at either end; several may be open. Errors are those of EnergyMonitor,
  /// and kUnavailable naming a GPU whose part is missing.
  virtual Result<void> BeginWindow(std::string_view name) = 0;
  virtual Result<TrainingFigures> EndWindow(std::string_view name) = 0;
  virtual Result<void> CancelWindow(std::string_view name) = 0;
};

}  // namespace zeus
