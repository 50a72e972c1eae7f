#include "apps/zeus/monitor_reader.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <memory>
#include <utility>

#include "zeus/monitor/power_sampler.h"
#include "zeus/monitor/power_timeline.h"
#include "zeus/trace/window_log.h"

namespace zeus {
namespace {

// For GPUs without an energy counter, however seldom a line is written.
constexpr Seconds kSamplingPeriod{0.05};

Seconds Between(Time from, Time to) {
  return Seconds(std::chrono::duration<double>(to - from).count());
}

MonitorReading Failed(Error error) {
  MonitorReading reading;
  reading.failure = std::move(error);
  return reading;
}

struct Domain {
  PowerSensor sensor;
  Capability capability;
};

Result<Domain> ParseDomain(const std::string& name) {
  for (const Domain domain : {Domain{PowerSensor::kInstant, Capability::kInstantPower},
                              Domain{PowerSensor::kAverage, Capability::kAveragePower},
                              Domain{PowerSensor::kMemoryAverage, Capability::kMemoryPower}}) {
    if (PowerDomainName(domain.sensor) == name) return domain;
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("--domain: expected device_instant, device_average or memory_average, found \"{}\"", name));
}

/// One GPU's power, and the energy under it.
class PowerReader {
 public:
  PowerReader(Gpu& gpu, Result<PowerSensor> sensor) : gpu_(&gpu), sensor_(std::move(sensor)) {}

  MonitorReading Read() {
    if (!sensor_) return Failed(sensor_.error());
    const Result<PowerSample> sample = gpu_->ReadPower(*sensor_);
    if (!sample) return Failed(sample.error());
    if (!begin_) begin_ = sample->time;
    integrator_.Add(Between(*begin_, sample->time), sample->power);
    MonitorReading reading;
    reading.power = sample->power;
    if (const auto summary = integrator_.Summary()) reading.energy = summary->energy;
    reading.domain = PowerDomainName(*sensor_);
    reading.source = ProvenanceName(EnergyProvenance::kIntegrated);
    return reading;
  }

 private:
  Gpu* gpu_;
  Result<PowerSensor> sensor_;
  std::optional<Time> begin_;
  PowerIntegrator integrator_{Seconds(0), Seconds(std::numeric_limits<double>::infinity())};
};

/// One GPU's energy since it was first read.
class EnergyReader {
 public:
  explicit EnergyReader(Gpu& gpu) : gpu_(&gpu) {
    if (gpu.capabilities().Has(Capability::kEnergyCounter)) return;
    Gpu* const sampled[] = {&gpu};
    auto sampler = PowerSampler::Create(sampled, {.period = kSamplingPeriod});
    if (sampler) {
      sampler_ = *std::move(sampler);
    } else {
      why_not_ = sampler.error();
    }
  }

  MonitorReading Read() {
    const Result<Total> total = ReadTotal();
    if (!total) return Failed(total.error());
    MonitorReading reading;
    if (!first_) first_ = last_ = *total;
    reading.energy = total->energy - first_->energy;
    if (total->time > last_->time) reading.power = (total->energy - last_->energy) / Between(last_->time, total->time);
    reading.source = ProvenanceName(sampler_ ? EnergyProvenance::kIntegrated : EnergyProvenance::kMeasured);
    last_ = *total;
    return reading;
  }

 private:
  struct Total {
    Joules energy;
    Time time;
  };

  Result<Total> ReadTotal() {
    if (why_not_) return std::unexpected(*why_not_);
    if (sampler_) {
      ZEUS_ASSIGN_OR_RETURN(const PowerSampler::Total total, sampler_->SampleNow(0));
      return Total{Joules(total.value_seconds), total.time};
    }
    ZEUS_ASSIGN_OR_RETURN(const EnergySample sample, gpu_->ReadEnergy());
    return Total{sample.energy, sample.time};
  }

  Gpu* gpu_;
  std::unique_ptr<PowerSampler> sampler_;
  std::optional<Error> why_not_;
  std::optional<Total> first_;
  std::optional<Total> last_;
};

class TemperatureReader {
 public:
  explicit TemperatureReader(Gpu& gpu) : gpu_(&gpu) {}

  [[nodiscard]] MonitorReading Read() const {
    const Result<Celsius> temperature = gpu_->ReadTemperature();
    if (!temperature) return Failed(temperature.error());
    MonitorReading reading;
    reading.temperature = *temperature;
    return reading;
  }

 private:
  Gpu* gpu_;
};

template <class Reader>
MonitorReader Together(std::vector<Reader> readers) {
  // A std::function must be copyable, and these readers need not be.
  return [shared = std::make_shared<std::vector<Reader>>(std::move(readers))] {
    std::vector<MonitorReading> readings;
    for (Reader& reader : *shared) readings.push_back(reader.Read());
    return readings;
  };
}

Result<MonitorReader> MakePowerReader(const std::vector<ChosenGpu>& gpus, const std::string& name) {
  std::vector<PowerReader> readers;
  for (const ChosenGpu& each : gpus) {
    Result<PowerSensor> sensor = BestPowerSensor(*each.gpu);
    if (!name.empty()) {
      ZEUS_ASSIGN_OR_RETURN(const Domain domain, ParseDomain(name));
      if (!each.gpu->capabilities().Has(domain.capability)) {
        return Fail(ErrorCode::kInvalidArgument, fmt::format("--domain: GPU {} has no {}: {}", each.index, name,
                                                             each.gpu->capabilities().WhyNot(domain.capability)));
      }
      sensor = domain.sensor;
    }
    readers.emplace_back(*each.gpu, std::move(sensor));
  }
  return Together(std::move(readers));
}

}  // namespace

Result<MonitorReader> MakeMonitorReader(const std::vector<ChosenGpu>& gpus, const MonitorReaderOptions& options) {
  switch (options.kind) {
    case MonitorKind::kPower:
      return MakePowerReader(gpus, options.domain);
    case MonitorKind::kEnergy: {
      std::vector<EnergyReader> readers;
      for (const ChosenGpu& each : gpus) readers.emplace_back(*each.gpu);
      return Together(std::move(readers));
    }
    case MonitorKind::kTemperature:
      break;
  }
  std::vector<TemperatureReader> readers;
  for (const ChosenGpu& each : gpus) readers.emplace_back(*each.gpu);
  return Together(std::move(readers));
}

}  // namespace zeus
