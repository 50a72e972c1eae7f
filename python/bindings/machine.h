#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "python/bindings/settings_queue.h"
#include "zeus/base/result.h"
#include "zeus/control/borrowed_gpu.h"
#include "zeus/control/restore_on_signals.h"
#include "zeus/device/inventory.h"

namespace zeus::python {

/// Counts fork(2): another number than before says that this is a child, to which threads and devices of before do not
/// belong. As cheap as reading a variable.
uint64_t ForkGeneration();

/// kFailedPrecondition in a child of the process in which `what` was made.
Result<void> CheckNotForked(uint64_t generation, const char* what);

/// The devices of this process and the settings that it has borrowed of them. Never destroyed: what is borrowed is
/// given back when the process ends, by LiveBorrowings, which needs the devices. A child made by fork(2) opens its own,
/// and what it inherited is left alone. Thread-safe; may wait for libraries, so call it without the GIL.
class Machine {
 public:
  static Machine& OfThisProcess();

  const DeviceInventory& inventory();

  /// Settings that nobody waits for, after those before them.
  SettingsQueue& queue() { return queue_; }

  /// The settings of `gpu`, borrowed by the first call until the process ends, by whatever way.
  Result<BorrowedGpu*> Borrow(Gpu& gpu);

 private:
  std::mutex mutex_;
  std::unique_ptr<DeviceInventory> inventory_;             // Guarded by mutex_; set once.
  std::shared_ptr<RestoreOnSignals> signals_;              // Guarded by mutex_. Null where another sees to them.
  std::map<Gpu*, std::unique_ptr<BorrowedGpu>> borrowed_;  // Guarded by mutex_.
  SettingsQueue queue_;                                    // Synchronised by itself.
};

}  // namespace zeus::python
