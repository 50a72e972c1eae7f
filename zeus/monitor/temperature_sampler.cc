#include "zeus/monitor/temperature_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "zeus/monitor/sampled_gpus.h"

namespace zeus {

Result<std::unique_ptr<TemperatureSampler>> TemperatureSampler::Create(std::span<Gpu* const> gpus,
                                                                       TemperatureSamplerOptions options) {
  using Reading = SensorChannel<Celsius>::Reading;
  ZEUS_RETURN_IF_ERROR(internal::CheckSamplerArguments(gpus, options.period));
  std::unique_ptr<TemperatureSampler> sampler(new TemperatureSampler);
  for (Gpu* const gpu : gpus) {
    const auto read = [gpu, clock = &options.clock]() -> Result<Reading> {
      ZEUS_ASSIGN_OR_RETURN(const Celsius temperature, gpu->ReadTemperature());
      return Reading{temperature, clock->Now()};
    };
    sampler->channels_.push_back(
        std::make_unique<SensorChannel<Celsius>>(read, options.max_runs, std::max(options.period * 3, Seconds(0.3))));
    sampler->channels_.back()->SampleOnce();
  }
  sampler->thread_ = std::make_unique<SamplingThread>(options.period, [channels = std::span(sampler->channels_)] {
    for (const auto& channel : channels) channel->SampleOnce();
  });
  return sampler;
}

Result<const SensorChannel<Celsius>*> TemperatureSampler::Channel(size_t gpu) const {
  if (gpu < channels_.size()) return channels_[gpu].get();
  return Fail(ErrorCode::kNotFound, fmt::format("GPU {} is not sampled: there are {}", gpu, channels_.size()));
}

Result<std::vector<TemperatureRun>> TemperatureSampler::Timeline(size_t gpu, Time from, Time to) const {
  ZEUS_ASSIGN_OR_RETURN(const SensorChannel<Celsius>* const channel, Channel(gpu));
  std::vector<TemperatureRun> runs = channel->Runs(from, to);
  std::erase_if(runs, [&](const TemperatureRun& run) { return run.last < from || run.first > to; });
  return runs;
}

Result<Celsius> TemperatureSampler::TemperatureNear(size_t gpu, std::optional<Time> time) const {
  ZEUS_ASSIGN_OR_RETURN(const SensorChannel<Celsius>* const channel, Channel(gpu));
  if (const auto reading = time ? channel->Near(*time) : channel->Latest()) return reading->value;
  return std::unexpected(channel->error().value_or(
      Error{ErrorCode::kUnavailable, fmt::format("GPU {}: no sample of its temperature", gpu)}));
}

}  // namespace zeus
