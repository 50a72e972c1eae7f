#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu.h"
#include "zeus/monitor/sampling_thread.h"
#include "zeus/monitor/sensor_channel.h"
#include "zeus/monitor/timeline_run.h"

namespace zeus {

struct TemperatureSamplerOptions {
  Seconds period{1.0};
  size_t max_runs = 65536;  ///< Kept for each GPU, 24 bytes each.
  const Clock& clock = Clock::System();
};

/// Samples the temperature of GPUs, as PowerSampler does their power. Thread-safe.
class TemperatureSampler {
 public:
  /// kInvalidArgument for a period that is not above 0, or no GPUs. The GPUs must outlive the sampler. A GPU without a
  /// thermometer has its error in its place.
  static Result<std::unique_ptr<TemperatureSampler>> Create(std::span<Gpu* const> gpus,
                                                            TemperatureSamplerOptions options = {});

  [[nodiscard]] size_t gpu_count() const { return channels_.size(); }
  [[nodiscard]] SamplingStatistics statistics() const { return thread_->statistics(); }
  /// kNotFound for a GPU that is not sampled.
  [[nodiscard]] Result<const SensorChannel<Celsius>*> Channel(size_t gpu) const;
  [[nodiscard]] Result<std::vector<TemperatureRun>> Timeline(size_t gpu, Time from = Time::min(),
                                                             Time to = Time::max()) const;
  /// The sample nearest to `time`; without one, the last. kUnavailable, with the GPU's error, when there is none.
  [[nodiscard]] Result<Celsius> TemperatureNear(size_t gpu, std::optional<Time> time = {}) const;

 private:
  TemperatureSampler() = default;

  std::vector<std::unique_ptr<SensorChannel<Celsius>>> channels_;
  std::unique_ptr<SamplingThread> thread_;  // The last member: it ends first.
};

}  // namespace zeus
