// Power and temperature, sampled by a thread of the library.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/bindings/device.h"
#include "python/bindings/module.h"
#include "zeus/monitor/power_sampler.h"
#include "zeus/monitor/sensor_period.h"
#include "zeus/monitor/temperature_sampler.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zeus::python {
namespace {

using WithoutGil = nb::call_guard<nb::gil_scoped_release>;
using Point = std::pair<double, double>;  // Seconds since the Unix epoch; watts or degrees Celsius.

/// The wall clock as it was against the monotonic one when a sampler began: Python's times are of the former.
class UnixTime {
 public:
  [[nodiscard]] double From(Time time) const { return Count(time.time_since_epoch()) + ahead_; }
  [[nodiscard]] Time To(double seconds) const {
    // Years from now is as good as never, and does not overflow.
    constexpr double kFar = 1e9;
    const double monotonic = seconds - ahead_;
    if (std::isnan(monotonic)) return Time::min();
    if (monotonic > kFar) return Time::max();
    if (monotonic < -kFar) return Time::min();
    return Time(std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(monotonic)));
  }

 private:
  template <class Duration>
  static double Count(Duration duration) {
    return std::chrono::duration<double>(duration).count();
  }
  double ahead_ =
      Count(std::chrono::system_clock::now().time_since_epoch()) - Count(Clock::System().Now().time_since_epoch());
};

std::vector<Gpu*> PointersTo(const std::vector<GpuHandle>& handles) {
  std::vector<Gpu*> gpus;
  for (const GpuHandle& handle : handles) gpus.push_back(&handle.get());
  return gpus;
}

/// A sampler, and after Stop() what it has seen. Thread-safe but for Stop(), which is called with the GIL. In a forked
/// child every call fails, and its end leaves the parent's thread alone.
template <class Sampler, class Value, class Key>
class Samples {
 public:
  explicit Samples(std::unique_ptr<Sampler> sampler) : sampler_(std::move(sampler)), generation_(ForkGeneration()) {}
  ~Samples() {
    if (generation_ != ForkGeneration()) new (std::nothrow) std::shared_ptr<Sampler>(std::move(sampler_));
    const nb::gil_scoped_release release;
    sampler_.reset();
  }
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  [[nodiscard]] std::vector<TimelineRun<Value>> Runs(const Key& key, Time from, Time to) const {
    Take(CheckNotForked(generation_, "this monitor"));
    const std::shared_ptr<Sampler> sampler = sampler_;
    if (sampler == nullptr) {
      for (const auto& [kept, runs] : kept_) {
        if (kept == key) return runs;
      }
      return {};
    }
    return Take(ChannelOf(*sampler, key))->Runs(from, to);
  }

  void Stop(const std::vector<Key>& keys) {
    if (sampler_ == nullptr || generation_ != ForkGeneration()) return;
    for (const Key& key : keys) kept_.emplace_back(key, Runs(key, Time::min(), Time::max()));
    std::shared_ptr<Sampler> last = std::exchange(sampler_, nullptr);
    const nb::gil_scoped_release release;
    last.reset();
  }

  [[nodiscard]] const UnixTime& unix_time() const { return unix_time_; }

 private:
  static auto ChannelOf(const PowerSampler& sampler, const std::pair<size_t, PowerSensor>& key) {
    return sampler.Channel(key.first, key.second);
  }
  static auto ChannelOf(const TemperatureSampler& sampler, size_t key) { return sampler.Channel(key); }

  std::shared_ptr<Sampler> sampler_;
  const uint64_t generation_;
  const UnixTime unix_time_;
  std::vector<std::pair<Key, std::vector<TimelineRun<Value>>>> kept_;
};

/// The samples within, both ends included: the first and the last of each run of equal ones.
template <class Value>
std::vector<Point> PointsOf(const std::vector<TimelineRun<Value>>& runs, Time from, Time to, const UnixTime& clock) {
  std::vector<Point> points;
  for (const TimelineRun<Value>& run : runs) {
    if (run.first >= from && run.first <= to) points.emplace_back(clock.From(run.first), run.value.value());
    if (run.last > run.first && run.last >= from && run.last <= to) {
      points.emplace_back(clock.From(run.last), run.value.value());
    }
  }
  return points;
}

std::optional<Time> ToTime(const UnixTime& clock, std::optional<double> time) {
  return time ? std::optional(clock.To(*time)) : std::nullopt;
}

/// The value nearest to `time`; without one, the last.
template <class Value>
std::optional<double> ValueNear(const std::vector<TimelineRun<Value>>& runs, std::optional<Time> time) {
  if (runs.empty()) return std::nullopt;
  const auto run = time ? RunNear(runs, *time) : runs.end() - 1;
  return run->value.value();
}

class PowerSamples {
 public:
  PowerSamples(const std::vector<GpuHandle>& gpus, const std::vector<PowerSensor>& sensors,
               std::optional<double> period, std::optional<size_t> max_samples)
      : sensors_(sensors), count_(gpus.size()), samples_(Create(gpus, sensors, period, max_samples)) {}

  [[nodiscard]] std::vector<Point> Timeline(size_t gpu, PowerSensor sensor, std::optional<double> start,
                                            std::optional<double> end) const {
    const Time from = ToTime(samples_.unix_time(), start).value_or(Time::min());
    const Time to = ToTime(samples_.unix_time(), end).value_or(Time::max());
    return PointsOf(samples_.Runs({gpu, sensor}, from, to), from, to, samples_.unix_time());
  }

  [[nodiscard]] std::optional<double> Energy(size_t gpu, PowerSensor sensor, double start, double end) const {
    const Time from = samples_.unix_time().To(start);
    const Time to = samples_.unix_time().To(end);
    const std::optional<PowerSummary> summary = SummarizePower(samples_.Runs({gpu, sensor}, from, to), from, to);
    return summary ? std::optional(summary->energy.value()) : std::nullopt;
  }

  [[nodiscard]] std::optional<double> Power(size_t gpu, PowerSensor sensor, std::optional<double> time) const {
    return ValueNear(samples_.Runs({gpu, sensor}, Time::min(), Time::max()), ToTime(samples_.unix_time(), time));
  }

  void Stop() {
    std::vector<std::pair<size_t, PowerSensor>> keys;
    for (size_t gpu = 0; gpu < count_; ++gpu) {
      for (const PowerSensor sensor : sensors_) keys.emplace_back(gpu, sensor);
    }
    samples_.Stop(keys);
  }

 private:
  static std::unique_ptr<PowerSampler> Create(const std::vector<GpuHandle>& handles,
                                              const std::vector<PowerSensor>& sensors, std::optional<double> period,
                                              std::optional<size_t> max_samples) {
    PowerSamplerOptions options{.period = std::nullopt, .sensors = sensors};
    if (period) options.period = Seconds(*period);
    if (max_samples) options.max_runs = *max_samples;
    const std::vector<Gpu*> gpus = PointersTo(handles);
    const nb::gil_scoped_release release;
    return Take(PowerSampler::Create(gpus, std::move(options)));
  }

  const std::vector<PowerSensor> sensors_;
  const size_t count_;
  Samples<PowerSampler, Watts, std::pair<size_t, PowerSensor>> samples_;
};

class TemperatureSamples {
 public:
  TemperatureSamples(const std::vector<GpuHandle>& gpus, double period, std::optional<size_t> max_samples)
      : count_(gpus.size()), samples_(Create(gpus, period, max_samples)) {}

  [[nodiscard]] std::vector<Point> Timeline(size_t gpu, std::optional<double> start, std::optional<double> end) const {
    const Time from = ToTime(samples_.unix_time(), start).value_or(Time::min());
    const Time to = ToTime(samples_.unix_time(), end).value_or(Time::max());
    return PointsOf(samples_.Runs(gpu, from, to), from, to, samples_.unix_time());
  }

  [[nodiscard]] std::optional<double> Temperature(size_t gpu, std::optional<double> time) const {
    return ValueNear(samples_.Runs(gpu, Time::min(), Time::max()), ToTime(samples_.unix_time(), time));
  }

  void Stop() {
    std::vector<size_t> keys;
    for (size_t gpu = 0; gpu < count_; ++gpu) keys.push_back(gpu);
    samples_.Stop(keys);
  }

 private:
  static std::unique_ptr<TemperatureSampler> Create(const std::vector<GpuHandle>& handles, double period,
                                                    std::optional<size_t> max_samples) {
    TemperatureSamplerOptions options{.period = Seconds(period)};
    if (max_samples) options.max_runs = *max_samples;
    const std::vector<Gpu*> gpus = PointersTo(handles);
    const nb::gil_scoped_release release;
    return Take(TemperatureSampler::Create(gpus, options));
  }

  const size_t count_;
  Samples<TemperatureSampler, Celsius, size_t> samples_;
};

}  // namespace

void BindSamplers(nb::module_& module) {
  nb::enum_<PowerSensor>(module, "PowerSensor")
      .value("INSTANT", PowerSensor::kInstant)
      .value("AVERAGE", PowerSensor::kAverage)
      .value("MEMORY_AVERAGE", PowerSensor::kMemoryAverage);
  nb::class_<PowerSamples>(module, "PowerSamples", "Power of GPUs, sampled. Times are seconds since the Unix epoch.")
      .def(nb::init<const std::vector<GpuHandle>&, const std::vector<PowerSensor>&, std::optional<double>,
                    std::optional<size_t>>(),
           "gpus"_a, "sensors"_a, "period"_a.none(), "max_samples"_a.none())
      .def("timeline", &PowerSamples::Timeline, "gpu"_a, "sensor"_a, "start"_a.none(), "end"_a.none())
      .def("energy", &PowerSamples::Energy, "gpu"_a, "sensor"_a, "start"_a, "end"_a)
      .def("power", &PowerSamples::Power, "gpu"_a, "sensor"_a, "time"_a.none())
      .def("stop", &PowerSamples::Stop);
  nb::class_<TemperatureSamples>(module, "TemperatureSamples", "Temperature of GPUs, sampled.")
      .def(nb::init<const std::vector<GpuHandle>&, double, std::optional<size_t>>(), "gpus"_a, "period"_a,
           "max_samples"_a.none())
      .def("timeline", &TemperatureSamples::Timeline, "gpu"_a, "start"_a.none(), "end"_a.none())
      .def("temperature", &TemperatureSamples::Temperature, "gpu"_a, "time"_a.none())
      .def("stop", &TemperatureSamples::Stop);
  module.def(
      "infer_sampling_period",
      [](const std::vector<GpuHandle>& gpus) { return InferSamplingPeriod(PointersTo(gpus)).value(); }, "gpus"_a,
      WithoutGil(), "How often to sample so that no new value of a power sensor is missed, s.");
}

}  // namespace zeus::python
