#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu.h"
#include "zeus/monitor/power_timeline.h"
#include "zeus/monitor/sampling_thread.h"
#include "zeus/monitor/sensor_channel.h"
#include "zeus/monitor/timeline_run.h"

namespace zeus {

/// "device_instant", "device_average", "memory_average": the published package's names of the power domains.
std::string_view PowerDomainName(PowerSensor sensor);

/// The sensor to prefer on this GPU: instant, else average. kFailedPrecondition saying why when it has neither.
Result<PowerSensor> BestPowerSensor(const Gpu& gpu);

struct PowerSamplerOptions {
  /// Between two rounds of samples. Absent: half of the sensors' own, inferred at creation (sensor_period.h).
  std::optional<Seconds> period;
  /// Which of the GPUs' figures. Empty: the best one of each GPU.
  std::vector<PowerSensor> sensors;
  /// Kept for each GPU and sensor, 24 bytes each: past it the oldest are given up. Samples that show the same value one
  /// after another are one run.
  size_t max_runs = 65536;
};

/// Power of one GPU as one of its sensors showed it.
struct PowerTimeline {
  size_t gpu = 0;  ///< Position among the sampler's GPUs.
  PowerSensor sensor = PowerSensor::kInstant;
  std::vector<PowerRun> runs;  ///< In the order of time.
};

/// Samples the power of GPUs on one thread, at absolute deadlines. A GPU that fails keeps its error until it answers
/// again; the others go on. Memory is bounded however long it runs. Thread-safe; readers never wait for a sensor.
class PowerSampler {
 public:
  using Total = SensorChannel<Watts>::Total;

  /// kInvalidArgument for a period that is not above 0, no GPUs, or a sensor that a GPU has not, naming it;
  /// kFailedPrecondition for a GPU without any. A GPU that cannot be read now is no error here. The GPUs must outlive
  /// the sampler. The first samples have been taken when it returns.
  static Result<std::unique_ptr<PowerSampler>> Create(std::span<Gpu* const> gpus, PowerSamplerOptions options = {});

  [[nodiscard]] Seconds period() const { return period_; }
  [[nodiscard]] size_t gpu_count() const { return gpus_.size(); }
  /// The sensors sampled of a GPU.
  [[nodiscard]] const std::vector<PowerSensor>& sensors(size_t gpu) const { return gpus_[gpu].sensors; }
  [[nodiscard]] SamplingStatistics statistics() const { return thread_->statistics(); }

  /// What is kept of one GPU and sensor; kNotFound for one that is not sampled. Without a sensor: the GPU's first.
  [[nodiscard]] Result<const SensorChannel<Watts>*> Channel(size_t gpu, std::optional<PowerSensor> sensor = {}) const;

  /// Everything kept that reaches into `from` to `to`, GPU by GPU.
  [[nodiscard]] std::vector<PowerTimeline> Timelines(Time from = Time::min(), Time to = Time::max()) const;
  /// Energy, average and peak between two times. kUnavailable, with the GPU's error, when nothing was ever seen.
  [[nodiscard]] Result<PowerSummary> Summarize(size_t gpu, Time from, Time to,
                                               std::optional<PowerSensor> sensor = {}) const;
  /// The sample nearest to `time`; without one, the last.
  [[nodiscard]] Result<PowerSample> PowerNear(size_t gpu, std::optional<Time> time = {},
                                              std::optional<PowerSensor> sensor = {}) const;
  /// Takes one sample of a GPU's first sensor now, on the calling thread, and says its energy so far.
  Result<Total> SampleNow(size_t gpu);

 private:
  struct SampledGpu {
    Gpu* gpu = nullptr;
    std::vector<PowerSensor> sensors;
    std::vector<std::unique_ptr<SensorChannel<Watts>>> channels;  // As the sensors.
  };

  explicit PowerSampler(Seconds period) : period_(period) {}

  // Constant after construction; channels are synchronised by themselves.
  const Seconds period_;
  std::vector<SampledGpu> gpus_;
  std::unique_ptr<SamplingThread> thread_;  // The last member: it ends first.
};

}  // namespace zeus
