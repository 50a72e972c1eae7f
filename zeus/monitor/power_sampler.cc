#include "zeus/monitor/power_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "zeus/monitor/sampled_gpus.h"
#include "zeus/monitor/sensor_period.h"

namespace zeus {
namespace {

using internal::GpuSubject;

Capability CapabilityOf(PowerSensor sensor) {
  switch (sensor) {
    case PowerSensor::kInstant:
      return Capability::kInstantPower;
    case PowerSensor::kAverage:
      return Capability::kAveragePower;
    case PowerSensor::kMemoryAverage:
      break;
  }
  return Capability::kMemoryPower;
}

/// Three periods without a sample: the sensor was not seen.
Seconds LongestGap(Seconds period) {
  return std::max(period * 3, Seconds(0.3));
}

/// A board that is on draws power: 0 W or less says that the sensor did not answer. The published package passes over
/// such samples, too.
Result<SensorChannel<Watts>::Reading> ReadPower(Gpu& gpu, PowerSensor sensor) {
  ZEUS_ASSIGN_OR_RETURN(const PowerSample sample, gpu.ReadPower(sensor));
  if (!(sample.power.value() > 0)) {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}: the sensor says {} W, which no GPU draws",
                                                     GpuSubject(gpu), PowerDomainName(sensor), sample.power.value()));
  }
  return SensorChannel<Watts>::Reading{sample.power, sample.time};
}

Result<std::vector<PowerSensor>> SensorsOf(const Gpu& gpu, const std::vector<PowerSensor>& asked) {
  std::vector<PowerSensor> sensors;
  if (asked.empty()) {
    ZEUS_ASSIGN_OR_RETURN(const PowerSensor best, BestPowerSensor(gpu));
    sensors.push_back(best);
  }
  for (const PowerSensor sensor : asked) {
    if (!gpu.capabilities().Has(CapabilityOf(sensor))) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} has no power domain {}: {}", GpuSubject(gpu), PowerDomainName(sensor),
                              gpu.capabilities().WhyNot(CapabilityOf(sensor))));
    }
    if (std::ranges::find(sensors, sensor) == sensors.end()) sensors.push_back(sensor);
  }
  return sensors;
}

}  // namespace

std::string_view PowerDomainName(PowerSensor sensor) {
  switch (sensor) {
    case PowerSensor::kInstant:
      return "device_instant";
    case PowerSensor::kAverage:
      return "device_average";
    case PowerSensor::kMemoryAverage:
      break;
  }
  return "memory_average";
}

Result<PowerSensor> BestPowerSensor(const Gpu& gpu) {
  if (gpu.capabilities().Has(Capability::kInstantPower)) return PowerSensor::kInstant;
  if (gpu.capabilities().Has(Capability::kAveragePower)) return PowerSensor::kAverage;
  return Fail(ErrorCode::kFailedPrecondition, fmt::format("{} has no power sensor: {}", GpuSubject(gpu),
                                                          gpu.capabilities().WhyNot(Capability::kInstantPower)));
}

Result<std::unique_ptr<PowerSampler>> PowerSampler::Create(std::span<Gpu* const> gpus, PowerSamplerOptions options) {
  ZEUS_RETURN_IF_ERROR(internal::CheckSamplerArguments(gpus, options.period.value_or(Seconds(1))));
  std::vector<SampledGpu> sampled;
  for (Gpu* const gpu : gpus) {
    ZEUS_ASSIGN_OR_RETURN(std::vector<PowerSensor> sensors, SensorsOf(*gpu, options.sensors));
    sampled.push_back({.gpu = gpu, .sensors = std::move(sensors), .channels = {}});
  }
  const Seconds period = options.period ? *options.period : InferSamplingPeriod(gpus);
  std::unique_ptr<PowerSampler> sampler(new PowerSampler(period));
  for (SampledGpu& each : sampled) {
    for (const PowerSensor sensor : each.sensors) {
      each.channels.push_back(std::make_unique<SensorChannel<Watts>>(
          [gpu = each.gpu, sensor] { return ReadPower(*gpu, sensor); }, options.max_runs, LongestGap(period)));
      each.channels.back()->SampleOnce();
    }
  }
  sampler->gpus_ = std::move(sampled);
  sampler->thread_ = std::make_unique<SamplingThread>(period, [gpus = std::span(sampler->gpus_)] {
    for (const SampledGpu& each : gpus) {
      for (const auto& channel : each.channels) channel->SampleOnce();
    }
  });
  return sampler;
}

Result<const SensorChannel<Watts>*> PowerSampler::Channel(size_t gpu, std::optional<PowerSensor> sensor) const {
  if (gpu >= gpus_.size()) {
    return Fail(ErrorCode::kNotFound, fmt::format("GPU {} is not sampled: there are {}", gpu, gpus_.size()));
  }
  const SampledGpu& sampled = gpus_[gpu];
  if (!sensor) return sampled.channels.front().get();
  const auto found = std::ranges::find(sampled.sensors, *sensor);
  if (found == sampled.sensors.end()) {
    return Fail(ErrorCode::kNotFound, fmt::format("{}: the power domain {} is not sampled", GpuSubject(*sampled.gpu),
                                                  PowerDomainName(*sensor)));
  }
  return sampled.channels[static_cast<size_t>(found - sampled.sensors.begin())].get();
}

std::vector<PowerTimeline> PowerSampler::Timelines(Time from, Time to) const {
  std::vector<PowerTimeline> timelines;
  for (size_t gpu = 0; gpu < gpus_.size(); ++gpu) {
    for (size_t i = 0; i < gpus_[gpu].sensors.size(); ++i) {
      PowerTimeline timeline{gpu, gpus_[gpu].sensors[i], gpus_[gpu].channels[i]->Runs(from, to)};
      std::erase_if(timeline.runs, [&](const PowerRun& run) { return run.last < from || run.first > to; });
      timelines.push_back(std::move(timeline));
    }
  }
  return timelines;
}

Result<PowerSummary> PowerSampler::Summarize(size_t gpu, Time from, Time to, std::optional<PowerSensor> sensor) const {
  ZEUS_ASSIGN_OR_RETURN(const SensorChannel<Watts>* const channel, Channel(gpu, sensor));
  if (to < from) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: power between two times: the end is before the beginning",
                                                         GpuSubject(*gpus_[gpu].gpu)));
  }
  if (const auto summary = SummarizePower(channel->Runs(from, to), from, to, LongestGap(period_))) return *summary;
  return std::unexpected(channel->error().value_or(
      Error{ErrorCode::kUnavailable, fmt::format("{}: no sample of its power", GpuSubject(*gpus_[gpu].gpu))}));
}

Result<PowerSample> PowerSampler::PowerNear(size_t gpu, std::optional<Time> time,
                                            std::optional<PowerSensor> sensor) const {
  ZEUS_ASSIGN_OR_RETURN(const SensorChannel<Watts>* const channel, Channel(gpu, sensor));
  if (const auto reading = time ? channel->Near(*time) : channel->Latest()) {
    return PowerSample{reading->value, reading->time};
  }
  return std::unexpected(channel->error().value_or(
      Error{ErrorCode::kUnavailable, fmt::format("{}: no sample of its power", GpuSubject(*gpus_[gpu].gpu))}));
}

Result<PowerSampler::Total> PowerSampler::SampleNow(size_t gpu) {
  if (gpu >= gpus_.size()) {
    return Fail(ErrorCode::kNotFound, fmt::format("GPU {} is not sampled: there are {}", gpu, gpus_.size()));
  }
  return gpus_[gpu].channels.front()->Sample();
}

}  // namespace zeus
