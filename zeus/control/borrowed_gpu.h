#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
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
/// Every change is read back. A change that fails is put back to what it was before the call; where that fails, too,
/// the journal keeps it. Thread-safe. In a child made by fork(2) it is without effect: the settings are the parent's.
class BorrowedGpu {
 public:
  /// `gpu` must outlive this. Restores first what a dead process left behind on this GPU; notes() tell.
  ///
  /// kFailedPrecondition where another process, or another object of this one, holds the GPU, naming whom, and once the
  /// process is about to end. Otherwise errors of the journal, or of the device where what was left behind cannot be
  /// restored.
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

  /// Puts back everything, as far as it can be; the error is the first. May be repeated, and followed by new settings.
  Result<void> Restore();

 private:
  friend class LiveBorrowings;

  BorrowedGpu(Gpu& gpu, GpuJournal journal, JournalRecord nothing, ClockWait clock_wait,
              std::vector<std::string> notes);

  // These want the lock held by the caller.
  [[nodiscard]] Result<void> CheckUsable() const;
  template <class Value>
  Result<void> Change(std::optional<BorrowedValue<Value>> JournalRecord::* setting, Value current, Value wanted);
  /// Writes the journal with `value` in the place of `setting`; where that fails, the record stays as it was.
  template <class Setting>
  Result<void> Note(Setting& setting, Setting value);
  /// After a lock that failed with `why`, which is returned.
  std::unexpected<Error> PutBackClocks(ClockDomain domain, const std::optional<ClockRange>& previous, Error why);

  // Constant after construction.
  Gpu& gpu_;
  const pid_t owner_;
  const ClockWait clock_wait_;
  const std::vector<std::string> notes_;

  std::mutex mutex_;
  GpuJournal journal_;    // Guarded by mutex_.
  JournalRecord record_;  // Guarded by mutex_.
};

}  // namespace zeus
