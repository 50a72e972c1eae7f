#pragma once

#include <optional>
#include <vector>

#include "emulator/machine/shared_gpu.h"
#include "emulator/model/operating_point.h"
#include "zeus/base/result.h"

/// What runs on a GPU, and what follows from it. Every change goes through here: it takes the GPU's mutex, brings the
/// progress of work up to date, and publishes a segment.
namespace zeus::emulator {

/// Who calls. Asked for once per process.
struct ProcessIdentity {
  int32_t pid = 0;
  uint64_t start = 0;  ///< Clock ticks after boot; 0 where the kernel does not tell.

  static ProcessIdentity Current();
  [[nodiscard]] bool IsAlive() const;
};

/// Makes the mutex and publishes the first segment. For whoever makes the machine, before anybody else sees it.
void InitialiseGpu(SharedGpu& gpu, const GpuModel& model, Nanoseconds now);

struct Setting {
  enum class Kind { kPowerLimit, kPersistence, kGraphicsLock, kMemoryLock };

  Kind kind;
  uint64_t value;  ///< As SharedGpu keeps it.
};

/// Values are taken as they are: whoever calls has checked them.
void Apply(SharedGpu& gpu, const GpuModel& model, Setting setting, Nanoseconds now);

/// The slot of the new load, to be ended by RemoveLoad; kUnavailable when there are too many or no memory is left.
Result<size_t> AddLoad(SharedGpu& gpu, const GpuModel& model, const Load& load, Nanoseconds now);
/// Changes what a load does and keeps its slot.
void ChangeActivity(SharedGpu& gpu, const GpuModel& model, size_t slot, Activity activity, Nanoseconds now);
void RemoveLoad(SharedGpu& gpu, const GpuModel& model, size_t slot, Nanoseconds now);

/// Sleeps until this share of the work in `slot` is done, however settings and other loads change meanwhile.
void AwaitWork(SharedGpu& gpu, const GpuModel& model, size_t slot, double share = 1);

/// All loads now; those of dead processes end here.
std::vector<Load> ListLoads(SharedGpu& gpu, const GpuModel& model, Nanoseconds now);

/// Ends loads of dead processes, if nobody looked for a while. Cheap otherwise; never waits.
void CheckOwners(SharedGpu& gpu, const GpuModel& model, Nanoseconds now);

/// The clocks that are locked, or all.
ClockRange LockedRange(const SharedGpu& gpu, const GpuModel& model);

}  // namespace zeus::emulator
