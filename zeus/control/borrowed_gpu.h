#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/control/held_gpu.h"
#include "zeus/control/settings_journal.h"
#include "zeus/control/verified_settings.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// One GPU whose settings this process may change, until this goes away. What was there before is then put back: by the
/// destructor, when the program ends through exit(), with RestoreOnSignals by a signal, and after a kill by the next
/// Borrow or RestoreLeftovers.
///
/// What was there before is recorded on disk before a setting first changes. A power limit and persistence mode are
/// what was read then. Locked clocks cannot be read: "before" is the driver's own choice, so that a lock that somebody
/// else had set is lost.
///
/// Of a GPU whose settings are leased nothing is recorded: who leases them puts them back after a kill.
///
/// Several of one process share a GPU: the last one to change a setting counts. When it goes away, what another one had
/// set comes back, and what was there before the first with the last of them.
///
/// Every change is read back. A change that fails is put back to what it was before the call; where that fails, too,
/// the journal keeps it. Thread-safe. In a child made by fork(2) it is without effect: the settings are the parent's.
class BorrowedGpu {
 public:
  /// `gpu` must outlive this. Restores first what a dead process left behind on this GPU; notes() tell.
  ///
  /// kFailedPrecondition where another process holds the GPU, naming whom, and once this process is about to end.
  /// Otherwise errors of the journal, or of the device where what was left behind cannot be restored.
  static Result<std::unique_ptr<BorrowedGpu>> Borrow(Gpu& gpu, const SettingsJournal& journal,
                                                     const ClockWait& clock_wait = {});

  /// Restores. What it cannot restore, the journal keeps.
  ~BorrowedGpu();
  BorrowedGpu(const BorrowedGpu&) = delete;
  BorrowedGpu& operator=(const BorrowedGpu&) = delete;

  [[nodiscard]] const GpuInfo& info() const { return gpu_.info(); }
  /// What a reader should know: what was left behind and is restored, a journal that was damaged. A sentence each.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  /// Errors are those of GpuSettings, of the journal, and kUnavailable for a setting that reads back as another.
  /// Changes nothing, and needs no privilege, where the setting is that already.
  Result<void> SetPowerLimit(Watts limit);
  Result<void> SetPersistenceMode(PersistenceMode mode);
  /// kCannotTell where the lock is set but the GPU does not tell its clock. Waits for the clock to follow.
  Result<ClockReading> LockClocks(ClockDomain domain, ClockRange range);
  /// Hands the domain back to the driver, whoever had locked it.
  Result<void> ResetClocks(ClockDomain domain);

  /// Whether the limit that this one has set is the last that the process did.
  [[nodiscard]] bool power_limit_counts() const { return held_->PowerLimitIsOf(*this); }

  /// Puts back everything, as far as it can be; the error is the first. May be repeated, and followed by new settings.
  Result<void> Restore();
  /// The power limit alone.
  Result<void> RestorePowerLimit();

 private:
  friend class LiveBorrowings;

  BorrowedGpu(Gpu& gpu, std::shared_ptr<HeldGpu> held, ClockWait clock_wait, std::vector<std::string> notes);

  // Constant after construction.
  Gpu& gpu_;
  const pid_t owner_;
  const ClockWait clock_wait_;
  const std::vector<std::string> notes_;
  const std::shared_ptr<HeldGpu> held_;  // Shared by all of this process that borrow the GPU; gone with the last.
};

}  // namespace zeus
