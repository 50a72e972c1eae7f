#include "emulator/machine/timeline.h"

#include <algorithm>
#include <cmath>

namespace zeus::emulator {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

/// A segment read out of the shared memory.
struct Copy {
  Nanoseconds start = 0;
  double joules_before = 0;
  double celsius_before = 0;
  NewSegment segment;
};

const Segment& Slot(const SharedGpu& gpu, uint64_t number) {
  return gpu.segments[number % kSegments];
}

Copy Read(const SharedGpu& gpu, uint64_t number) {
  const Segment& slot = Slot(gpu, number);
  return {.start = slot.start.load(kRelaxed),
          .joules_before = slot.joules_before.load(kRelaxed),
          .celsius_before = slot.celsius_before.load(kRelaxed),
          .segment = {.watts = slot.watts.load(kRelaxed),
                      .memory_watts = slot.memory_watts.load(kRelaxed),
                      .gpu_utilization = slot.gpu_utilization.load(kRelaxed),
                      .memory_utilization = slot.memory_utilization.load(kRelaxed),
                      .clock_mhz = slot.clock_mhz.load(kRelaxed),
                      .throttle_reasons = slot.throttle_reasons.load(kRelaxed)}};
}

// The segment in which `time` lies: the last that began at or before it.
Copy Find(const SharedGpu& gpu, Nanoseconds time) {
  while (true) {
    const uint64_t published = gpu.published.load(std::memory_order_acquire);
    if (published == 0) return {};
    // A writer may be filling the slot of the oldest one at this moment.
    const uint64_t oldest = published > kSegments - 1 ? published - (kSegments - 1) : 0;
    uint64_t low = oldest;
    uint64_t high = published - 1;
    if (Slot(gpu, high).start.load(kRelaxed) > time) {
      while (low < high) {
        const uint64_t middle = high - (high - low) / 2;
        if (Slot(gpu, middle).start.load(kRelaxed) <= time) {
          low = middle;
        } else {
          high = middle - 1;
        }
      }
    } else {
      low = high;
    }
    const Copy copy = Read(gpu, low);
    std::atomic_thread_fence(std::memory_order_acquire);
    // Overtaken by so many changes that what was read may be a newer segment: look again.
    if (gpu.published.load(kRelaxed) - low < kSegments) return copy;
  }
}

double SecondsBetween(Nanoseconds from, Nanoseconds to) {
  return static_cast<double>(to - from) * 1e-9;
}

double Warmed(const GpuModel& model, double celsius, double watts, double seconds) {
  const double final = model.thermal.ambient_celsius + model.thermal.kelvin_per_watt * watts;
  return final + (celsius - final) * std::exp(-std::max(seconds, 0.0) / model.thermal.time_constant.value());
}

}  // namespace

Moment At(const SharedGpu& gpu, const GpuModel& model, Nanoseconds time) {
  const Copy copy = Find(gpu, time);
  const double seconds = SecondsBetween(copy.start, time);
  return {.watts = copy.segment.watts,
          .memory_watts = copy.segment.memory_watts,
          .joules = copy.joules_before + copy.segment.watts * seconds,
          .celsius = Warmed(model, copy.celsius_before, copy.segment.watts, seconds),
          .gpu_utilization = copy.segment.gpu_utilization,
          .memory_utilization = copy.segment.memory_utilization,
          .clock_mhz = copy.segment.clock_mhz,
          .throttle_reasons = copy.segment.throttle_reasons};
}

double JoulesAt(const SharedGpu& gpu, Nanoseconds time) {
  const Copy copy = Find(gpu, time);
  return copy.joules_before + copy.segment.watts * SecondsBetween(copy.start, time);
}

Nanoseconds LastUpdate(Seconds period, Nanoseconds phase, Nanoseconds now) {
  const auto step = static_cast<Nanoseconds>(period.value() * 1e9);
  const Nanoseconds since = now - phase;
  return now - (since % step + step) % step;
}

uint64_t CounterMillijoules(SharedGpu& gpu, Seconds period, Nanoseconds phase, Nanoseconds made, Nanoseconds now) {
  const double joules = JoulesAt(gpu, std::max(LastUpdate(period, phase, now), made));
  const auto millijoules = static_cast<uint64_t>(std::max(joules, 0.0) * 1000);
  uint64_t shown = gpu.millijoules_shown.load(kRelaxed);
  while (shown < millijoules && !gpu.millijoules_shown.compare_exchange_weak(shown, millijoules, kRelaxed)) {
  }
  return std::max(shown, millijoules);
}

double SensorWatts(const SharedGpu& gpu, const PowerReading& sensor, Nanoseconds phase, Nanoseconds now) {
  const Nanoseconds end = LastUpdate(sensor.update_period, phase, now);
  const auto window = static_cast<Nanoseconds>(sensor.window.value() * 1e9);
  // Both ends must be of one history: where more changes than are remembered came since `end`, the two would be told
  // from different segments. It takes a reader that was held up, and thousands of changes meanwhile.
  constexpr int kAttempts = 8;
  Copy last;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const uint64_t published = gpu.published.load(std::memory_order_acquire);
    last = Find(gpu, end);
    // Most often nothing has changed within the window.
    if (last.start <= end - window) break;
    const double joules = last.joules_before + last.segment.watts * SecondsBetween(last.start, end);
    const double before = JoulesAt(gpu, end - window);
    if (gpu.published.load(std::memory_order_acquire) == published) return (joules - before) / sensor.window.value();
  }
  return last.segment.watts;
}

double SensorMemoryWatts(const SharedGpu& gpu, const GpuModel& model, const PowerReading& sensor, Nanoseconds phase,
                         Nanoseconds now) {
  // Its energy is not kept; the share at the update stands for the window.
  return At(gpu, model, LastUpdate(sensor.update_period, phase, now)).memory_watts;
}

void AppendSegment(SharedGpu& gpu, const GpuModel& model, Nanoseconds now, const NewSegment& segment) {
  const uint64_t number = gpu.published.load(kRelaxed);
  double joules = 0;
  double celsius = model.thermal.ambient_celsius + model.thermal.kelvin_per_watt * segment.watts;
  if (number > 0) {
    const Copy last = Read(gpu, number - 1);
    // Two processes may read the clock in one order and take the mutex in the other.
    now = std::max(now, last.start);
    const double seconds = SecondsBetween(last.start, now);
    joules = last.joules_before + last.segment.watts * seconds;
    celsius = Warmed(model, last.celsius_before, last.segment.watts, seconds);
  }
  Segment& slot = gpu.segments[number % kSegments];
  slot.start.store(now, kRelaxed);
  slot.joules_before.store(joules, kRelaxed);
  slot.celsius_before.store(celsius, kRelaxed);
  slot.watts.store(segment.watts, kRelaxed);
  slot.memory_watts.store(segment.memory_watts, kRelaxed);
  slot.gpu_utilization.store(static_cast<float>(segment.gpu_utilization), kRelaxed);
  slot.memory_utilization.store(static_cast<float>(segment.memory_utilization), kRelaxed);
  slot.clock_mhz.store(segment.clock_mhz, kRelaxed);
  slot.throttle_reasons.store(segment.throttle_reasons, kRelaxed);
  gpu.published.store(number + 1, std::memory_order_release);
}

}  // namespace zeus::emulator
