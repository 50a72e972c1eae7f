#include "services/device_metrics/gpu_metrics.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace zeus {
namespace {

constexpr double kHertzPerMegahertz = 1e6;

constexpr std::array kThrottleReasons = {
    ThrottleReason::kIdle,    ThrottleReason::kClockSetting,     ThrottleReason::kPowerLimit,
    ThrottleReason::kThermal, ThrottleReason::kHardwareSlowdown, ThrottleReason::kSyncBoost,
    ThrottleReason::kOther,
};

struct Figures {
  http::MetricsText::Labels labels;
  std::optional<double> energy;
  std::optional<double> power;
  std::optional<double> average_power;
  std::optional<double> temperature;
  std::optional<double> power_limit;
  std::optional<PowerLimitRange> range;
  GpuStatus status;
  bool up = false;
};

// What is asked of a GPU, and what it becomes of the answer.
template <class Answer, class Convert>
auto Figure(Figures* figures, const Result<Answer>& answer, const Convert& convert)
    -> std::optional<std::remove_cvref_t<decltype(convert(*answer))>> {
  if (!answer) return std::nullopt;
  figures->up = true;
  return convert(*answer);
}

Figures Read(Gpu& gpu) {
  const GpuInfo& info = gpu.info();
  Figures figures{.labels = {{"gpu", std::to_string(info.index)}, {"uuid", info.uuid}, {"name", info.name}}};
  const auto watts = [](const PowerSample& sample) { return sample.power.value(); };
  figures.energy = Figure(&figures, gpu.ReadEnergy(), [](const EnergySample& sample) { return sample.energy.value(); });
  figures.average_power = Figure(&figures, gpu.ReadPower(PowerSensor::kAverage), watts);
  figures.power = Figure(&figures, gpu.ReadPower(PowerSensor::kInstant), watts);
  if (!figures.power) figures.power = figures.average_power;
  figures.temperature = Figure(&figures, gpu.ReadTemperature(), [](Celsius celsius) { return celsius.value(); });
  figures.power_limit = Figure(&figures, gpu.settings().ReadPowerLimit(), [](Watts limit) { return limit.value(); });
  figures.range = Figure(&figures, gpu.settings().ReadPowerLimitRange(), std::identity());
  const std::optional<GpuStatus> status = Figure(&figures, gpu.ReadStatus(), std::identity());
  if (status) figures.status = *status;
  return figures;
}

struct Metric {
  const char* name;
  const char* type;
  const char* help;
  std::optional<double> (*value)(const Figures&);
};

std::optional<double> Hertz(const std::optional<Megahertz>& clock) {
  if (!clock) return std::nullopt;
  return clock->value() * kHertzPerMegahertz;
}

std::optional<double> Bytes(const std::optional<uint64_t>& bytes) {
  if (!bytes) return std::nullopt;
  return static_cast<double>(*bytes);
}

std::optional<double> OfRange(const Figures& figures, Watts PowerLimitRange::* which) {
  if (!figures.range) return std::nullopt;
  return ((*figures.range).*which).value();
}

constexpr std::array kMetrics = {
    Metric{"zeus_gpu_up", "gauge", "Whether anything could be read from the GPU.",
           [](const Figures& gpu) -> std::optional<double> { return gpu.up ? 1 : 0; }},
    Metric{"zeus_gpu_energy_joules_total", "counter", "Energy since some moment before the program began.",
           [](const Figures& gpu) { return gpu.energy; }},
    Metric{"zeus_gpu_power_watts", "gauge", "Power now; where the GPU tells only an average, that.",
           [](const Figures& gpu) { return gpu.power; }},
    Metric{"zeus_gpu_average_power_watts", "gauge", "Power, averaged by the GPU over a time of its own.",
           [](const Figures& gpu) { return gpu.average_power; }},
    Metric{"zeus_gpu_temperature_celsius", "gauge", "Temperature of the GPU's core.",
           [](const Figures& gpu) { return gpu.temperature; }},
    Metric{"zeus_gpu_power_limit_watts", "gauge", "The power limit that is set.",
           [](const Figures& gpu) { return gpu.power_limit; }},
    Metric{"zeus_gpu_power_limit_minimum_watts", "gauge", "The lowest power limit that can be set.",
           [](const Figures& gpu) { return OfRange(gpu, &PowerLimitRange::minimum); }},
    Metric{"zeus_gpu_power_limit_maximum_watts", "gauge", "The highest power limit that can be set.",
           [](const Figures& gpu) { return OfRange(gpu, &PowerLimitRange::maximum); }},
    Metric{"zeus_gpu_power_limit_default_watts", "gauge", "The power limit that the card came with.",
           [](const Figures& gpu) { return OfRange(gpu, &PowerLimitRange::factory_default); }},
    Metric{"zeus_gpu_graphics_clock_hertz", "gauge", "Clock of the GPU's core now.",
           [](const Figures& gpu) { return Hertz(gpu.status.graphics_clock); }},
    Metric{"zeus_gpu_memory_clock_hertz", "gauge", "Clock of the GPU's memory now.",
           [](const Figures& gpu) { return Hertz(gpu.status.memory_clock); }},
    Metric{"zeus_gpu_utilization_ratio", "gauge", "Share of the last sensor period in which a kernel ran.",
           [](const Figures& gpu) { return gpu.status.gpu_utilization; }},
    Metric{"zeus_gpu_memory_utilization_ratio", "gauge",
           "Share of the last sensor period in which device memory was read or written.",
           [](const Figures& gpu) { return gpu.status.memory_utilization; }},
    Metric{"zeus_gpu_memory_used_bytes", "gauge", "Device memory in use.",
           [](const Figures& gpu) { return Bytes(gpu.status.memory_used); }},
    Metric{"zeus_gpu_memory_bytes", "gauge", "Device memory that there is.",
           [](const Figures& gpu) { return Bytes(gpu.status.memory_total); }},
};

void WriteThrottling(const std::vector<Figures>& gpus, http::MetricsText& metrics) {
  metrics.Begin("zeus_gpu_throttled", "gauge", "Whether the GPU runs slower than it could for this reason.");
  for (const Figures& gpu : gpus) {
    if (!gpu.status.throttle_reasons) continue;
    for (const ThrottleReason reason : kThrottleReasons) {
      http::MetricsText::Labels labels = gpu.labels;
      labels.emplace_back("reason", ThrottleReasonName(reason));
      const bool holds = std::ranges::find(*gpu.status.throttle_reasons, reason) != gpu.status.throttle_reasons->end();
      metrics.Add(labels, holds ? 1 : 0);
    }
  }
}

}  // namespace

void WriteGpuMetrics(std::span<Gpu* const> gpus, http::MetricsText& metrics) {
  std::vector<Figures> all;
  all.reserve(gpus.size());
  for (Gpu* const gpu : gpus) all.push_back(Read(*gpu));
  for (const Metric& metric : kMetrics) {
    metrics.Begin(metric.name, metric.type, metric.help);
    for (const Figures& gpu : all) {
      if (const std::optional<double> value = metric.value(gpu)) metrics.Add(gpu.labels, *value);
    }
  }
  WriteThrottling(all, metrics);
}

}  // namespace zeus
