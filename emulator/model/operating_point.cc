#include "emulator/model/operating_point.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace zeus::emulator {
namespace {

// The supported clocks within the range, descending; never empty.
std::span<const Megahertz> SupportedWithin(const GpuModel& gpu, ClockRange range) {
  const std::span<const Megahertz> all = gpu.graphics_clocks;
  const auto not_above = [](Megahertz bound) { return [bound](Megahertz clock) { return clock > bound; }; };
  const auto first = std::ranges::partition_point(all, not_above(range.highest));
  if (first == all.end()) return all.last(1);
  const auto last = std::partition_point(first, all.end(), [&](Megahertz clock) { return clock >= range.lowest; });
  return {first, std::max(last, std::next(first))};
}

// The highest clock whose power fits, else the lowest. Power must not fall with the clock.
template <class PowerOfClock>
Megahertz HighestWithin(std::span<const Megahertz> clocks, Watts limit, PowerOfClock power) {
  const auto fits = std::ranges::partition_point(clocks, [&](Megahertz clock) { return power(clock) > limit; });
  return fits == clocks.end() ? clocks.back() : *fits;
}

double Speed(const GpuModel& gpu, Megahertz clock) {
  return clock / gpu.graphics_clocks.front();
}

// Clock times voltage squared, relative to the highest clock: what dynamic power goes with.
double Dynamic(const GpuModel& gpu, Megahertz clock) {
  const double voltage = RelativeVoltage(gpu, clock);
  return Speed(gpu, clock) * voltage * voltage;
}

// Mean power while the work computes or waits for memory. It does not fall with the clock: dynamic power grows at least
// as fast as computing's share of the time shrinks.
Watts BusyPower(const GpuModel& gpu, const Work& work, Megahertz clock) {
  const Seconds compute = work.compute / Speed(gpu, clock);
  const Joules energy = PowerAt(gpu, work.computing, clock) * compute + PowerAt(gpu, work.moving, clock) * work.memory;
  return energy / (compute + work.memory);
}

}  // namespace

double RelativeVoltage(const GpuModel& gpu, Megahertz clock) {
  const VoltageCurve& curve = gpu.power.voltage;
  if (clock <= curve.knee) return curve.lowest_voltage;
  const double way = (clock - curve.knee) / (gpu.graphics_clocks.front() - curve.knee);
  return curve.lowest_voltage + (1 - curve.lowest_voltage) * way;
}

Watts PowerAt(const GpuModel& gpu, Activity activity, Megahertz clock) {
  const PowerParameters& power = gpu.power;
  return power.awake + Dynamic(gpu, clock) * (power.clock_tree + activity.compute * power.full_compute) +
         activity.memory * power.full_memory;
}

OperatingPoint Operate(const GpuModel& gpu, Activity activity, Watts limit, ClockRange locked) {
  const auto power = [&](Megahertz clock) { return PowerAt(gpu, activity, clock); };
  const Megahertz clock = HighestWithin(SupportedWithin(gpu, locked), limit, power);
  return {.clock = clock, .power = power(clock), .speed = Speed(gpu, clock)};
}

Seconds WorkRun::duration() const {
  Seconds sum;
  for (const Phase& phase : phases) sum += phase.duration;
  return sum;
}

Joules WorkRun::energy() const {
  Joules sum;
  for (const Phase& phase : phases) sum += phase.power * phase.duration;
  return sum;
}

Watts WorkRun::average_power() const {
  return phases.empty() ? Watts(0) : energy() / duration();
}

WorkRun Run(const GpuModel& gpu, const Work& work, Watts limit, ClockRange locked) {
  const std::span<const Megahertz> clocks = SupportedWithin(gpu, locked);
  WorkRun run{.clock = clocks.front(), .phases = {}};
  if (work.compute + work.memory > Seconds(0)) {
    run.clock = HighestWithin(clocks, limit, [&](Megahertz clock) { return BusyPower(gpu, work, clock); });
  }
  const auto add = [&](Seconds duration, Activity activity) {
    if (duration <= Seconds(0)) return;
    run.phases.push_back({.duration = duration, .power = PowerAt(gpu, activity, run.clock), .activity = activity});
  };
  run.phases.reserve(3);
  add(work.compute / Speed(gpu, run.clock), work.computing);
  add(work.memory, work.moving);
  add(work.host, {});
  return run;
}

}  // namespace zeus::emulator
