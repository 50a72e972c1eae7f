#include "zeus/monitor/sensor_period.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "zeus/monitor/power_sampler.h"

namespace zeus {
namespace {

constexpr Seconds kAssumedPeriod{0.1};
constexpr Seconds kShortestSampling{0.005};
constexpr Seconds kLongestSampling{0.1};

/// Watches what `read` shows, a value and a time, for changes. What was shown at first is not counted from: when it
/// came about is not known. A change came about between two reads, so an interval can have begun as early as the read
/// before its first change was seen: a thread that was kept waiting sees changes late, and must not take what follows
/// for short.
template <class Read>
Result<std::optional<Seconds>> ShortestInterval(Read read, const SensorPeriodOptions& options) {
  ZEUS_ASSIGN_OR_RETURN(auto last, read());
  const Time begin = options.clock.Now();
  std::optional<Time> unchanged_at;
  std::optional<Seconds> shortest;
  for (int intervals = 0; intervals < options.intervals;) {
    if (Seconds(std::chrono::duration<double>(options.clock.Now() - begin).count()) >= options.longest) break;
    if (options.sleep) {
      options.sleep(options.pause);
    } else {
      std::this_thread::sleep_for(std::chrono::duration<double>(options.pause.value()));
    }
    ZEUS_ASSIGN_OR_RETURN(const auto now, read());
    if (now.first != last.first) {
      if (unchanged_at) {
        const Seconds interval(std::chrono::duration<double>(now.second - *unchanged_at).count());
        if (interval.value() > 0 && (!shortest || interval < *shortest)) shortest = interval;
        ++intervals;
      }
      unchanged_at = last.second;
    }
    last = now;
  }
  return shortest;
}

}  // namespace

Result<std::optional<Seconds>> InferSensorPeriod(Gpu& gpu, PowerSensor sensor, const SensorPeriodOptions& options) {
  return ShortestInterval(
      [&]() -> Result<std::pair<Watts, Time>> {
        ZEUS_ASSIGN_OR_RETURN(const PowerSample sample, gpu.ReadPower(sensor));
        return std::pair(sample.power, sample.time);
      },
      options);
}

Result<std::optional<Seconds>> InferCounterPeriod(Gpu& gpu, const SensorPeriodOptions& options) {
  return ShortestInterval(
      [&]() -> Result<std::pair<Joules, Time>> {
        ZEUS_ASSIGN_OR_RETURN(const EnergySample sample, gpu.ReadEnergy());
        return std::pair(sample.energy, sample.time);
      },
      options);
}

Seconds InferSamplingPeriod(std::span<Gpu* const> gpus, const SensorPeriodOptions& options) {
  Seconds shortest = kAssumedPeriod;
  bool first = true;
  std::set<std::string> seen;
  for (Gpu* const gpu : gpus) {
    const Result<PowerSensor> sensor = BestPowerSensor(*gpu);
    if (!sensor || seen.contains(gpu->info().name)) continue;
    const Result<std::optional<Seconds>> period = InferSensorPeriod(*gpu, *sensor, options);
    if (!period) continue;
    seen.insert(gpu->info().name);
    const Seconds found = period->value_or(kAssumedPeriod);
    shortest = first ? found : std::min(shortest, found);
    first = false;
  }
  return std::clamp(shortest / 2, kShortestSampling, kLongestSampling);
}

}  // namespace zeus
