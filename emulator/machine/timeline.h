#pragma once

#include <cstdint>

#include "emulator/machine/shared_gpu.h"
#include "emulator/model/gpu_model.h"

/// Power, energy and temperature of a GPU at any recent time, from its published segments. Lock-free.
namespace zeus::emulator {

/// The state at one moment.
struct Moment {
  double watts = 0;
  double memory_watts = 0;
  double joules = 0;
  double celsius = 0;
  double gpu_utilization = 0;
  double memory_utilization = 0;
  uint32_t clock_mhz = 0;
  uint32_t throttle_reasons = 0;
};

/// A segment that is over or goes on: what AppendSegment publishes.
struct NewSegment {
  double watts = 0;
  double memory_watts = 0;
  double gpu_utilization = 0;
  double memory_utilization = 0;
  uint32_t clock_mhz = 0;
  uint32_t throttle_reasons = 0;
};

/// At `time`, or at the oldest moment still remembered.
Moment At(const SharedGpu& gpu, const GpuModel& model, Nanoseconds time);

/// Joules since the machine was made until `time`; before the first segment, as if it had always been so.
double JoulesAt(const SharedGpu& gpu, Nanoseconds time);

/// What an energy counter shows at `now`, in mJ: the energy as of its last update, and never before `made`. It does not
/// fall: a change can be published a moment after somebody read the counter as it would be without it.
uint64_t CounterMillijoules(SharedGpu& gpu, Seconds period, Nanoseconds phase, Nanoseconds made, Nanoseconds now);

/// What a sensor shows at `now`: the mean power over its window, as of its last update. `phase` shifts its updates.
double SensorWatts(const SharedGpu& gpu, const PowerReading& sensor, Nanoseconds phase, Nanoseconds now);
/// The same of memory's share alone.
double SensorMemoryWatts(const SharedGpu& gpu, const GpuModel& model, const PowerReading& sensor, Nanoseconds phase,
                         Nanoseconds now);

/// The last update of something that updates every `period`, at or before `now`.
Nanoseconds LastUpdate(Seconds period, Nanoseconds phase, Nanoseconds now);

/// Ends the last segment at `now` and begins the next. The caller holds the GPU's mutex. Before the first, the card has
/// been as warm as this segment keeps it.
void AppendSegment(SharedGpu& gpu, const GpuModel& model, Nanoseconds now, const NewSegment& segment);

}  // namespace zeus::emulator
