#pragma once

#include <vector>

#include "emulator/model/gpu_model.h"
#include "zeus/base/units.h"

/// How a GPU works under a power limit, once things have settled: no time passes here. All functions are pure, need a
/// model with at least one graphics clock, and take any limit.
namespace zeus::emulator {

/// How busy the two halves of a GPU are, each from 0 (not at all) to 1 (every unit in every cycle).
struct Activity {
  double compute = 0;
  double memory = 0;

  bool operator==(const Activity&) const = default;
};

struct OperatingPoint {
  Megahertz clock;
  Watts power;
  double speed = 1;  ///< Computing done per second, relative to the highest clock: clock / highest clock.
};

/// The voltage that `clock` needs, relative to that of the highest clock.
double RelativeVoltage(const GpuModel& gpu, Megahertz clock);

/// What the board draws with this activity at this clock, awake, whatever the limit is.
Watts PowerAt(const GpuModel& gpu, Activity activity, Megahertz clock);

/// A steady load: the highest supported clock of the locked range whose power is within the limit. Where none is, the
/// lowest clock of the range, and power above the limit, as real cards do. A range without a supported clock means the
/// supported clock next below it, else the lowest.
OperatingPoint Operate(const GpuModel& gpu, Activity activity, Watts limit, ClockRange locked);

/// A piece of work by what it waits for. Seconds are those at the highest clock; computing slows down with the clock,
/// memory and the host do not (the roofline of Williams, Waterman and Patterson, 2009). Computing keeps memory no
/// busier than waiting for memory does, else the clock under a limit need not be the highest that fits.
struct Work {
  Seconds compute;
  Seconds memory;
  Seconds host;        ///< The GPU waits for the host: awake, but with nothing to do.
  Activity computing;  ///< While it computes.
  Activity moving;     ///< While it waits for memory.
};

struct Phase {
  Seconds duration;
  Watts power;
  Activity activity;
};

/// How a piece of work runs. Its phases follow each other: compute, memory, host; those of no length are left out.
struct WorkRun {
  Megahertz clock;
  std::vector<Phase> phases;

  [[nodiscard]] Seconds duration() const;
  [[nodiscard]] Joules energy() const;
  [[nodiscard]] Watts average_power() const;  ///< 0 W for no work.
};

/// Runs work under a limit. Its phases stand for many short ones that alternate faster than a card's power control
/// acts: the limit holds for the mean power of computing and memory together, and the host's phase is on top.
WorkRun Run(const GpuModel& gpu, const Work& work, Watts limit, ClockRange locked);

}  // namespace zeus::emulator
