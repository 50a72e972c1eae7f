#pragma once

#include <functional>
#include <optional>
#include <span>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu.h"

namespace zeus {

struct SensorPeriodOptions {
  Seconds longest{0.35};  ///< No GPU is watched for longer than this.
  int intervals = 8;      ///< So many intervals are enough.
  Seconds pause{0.0005};  ///< Between two reads.
  const Clock& clock = Clock::System();
  /// Absent: the calling thread sleeps.
  std::function<void(Seconds)> sleep;
};

/// The shortest time between two changes of a GPU's power sensor, watched now. Nothing when it did not change twice: a
/// GPU at rest may show the same value for long. Errors are those of the read.
Result<std::optional<Seconds>> InferSensorPeriod(Gpu& gpu, PowerSensor sensor, const SensorPeriodOptions& options = {});

/// The same for the steps of the energy counter.
Result<std::optional<Seconds>> InferCounterPeriod(Gpu& gpu, const SensorPeriodOptions& options = {});

/// How often to sample these GPUs so that no new value is missed: half of the shortest period among one GPU of each
/// name (Nyquist), as the published package does, 0.1 s being assumed of a sensor that does not tell. Between 5 ms and
/// 0.1 s. GPUs that cannot be read are passed over.
Seconds InferSamplingPeriod(std::span<Gpu* const> gpus, const SensorPeriodOptions& options = {});

}  // namespace zeus
