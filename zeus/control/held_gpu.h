#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/control/settings_journal.h"
#include "zeus/control/verified_settings.h"
#include "zeus/device/gpu.h"

namespace zeus {

class BorrowedGpu;

/// What several borrowers want one setting to be. The last one to say so counts, until it goes away.
template <class Value>
class Wishes {
 public:
  void Put(const BorrowedGpu& who, Value value) {
    Drop(who);
    all_.push_back({&who, value});
  }
  void Drop(const BorrowedGpu& who) {
    std::erase_if(all_, [&](const Wish& wish) { return wish.who == &who; });
  }
  void Clear() { all_.clear(); }

  [[nodiscard]] bool IsOf(const BorrowedGpu& who) const { return !all_.empty() && all_.back().who == &who; }
  [[nodiscard]] std::optional<Value> value() const {
    return all_.empty() ? std::nullopt : std::optional(all_.back().value);
  }

 private:
  struct Wish {
    const BorrowedGpu* who;
    Value value;
  };
  std::vector<Wish> all_;  // In the order of time.
};

/// A GPU whose settings this process holds, with its journal, for all the BorrowedGpu of it: they share what was there
/// before the first change. Each is handed in with the GPU as it knows it, and speaks only while it lives. Thread-safe.
/// Contracts are those of BorrowedGpu.
class HeldGpu {
 public:
  HeldGpu(GpuJournal journal, JournalRecord nothing);

  [[nodiscard]] const std::filesystem::path& file() const { return journal_.file(); }

  Result<void> SetPowerLimit(const BorrowedGpu& who, Gpu& gpu, Watts limit);
  Result<void> SetPersistenceMode(const BorrowedGpu& who, Gpu& gpu, PersistenceMode mode);
  Result<ClockReading> LockClocks(const BorrowedGpu& who, Gpu& gpu, ClockDomain domain, ClockRange range,
                                  const ClockWait& wait);
  /// Nobody's lock counts any more.
  Result<void> ResetClocks(Gpu& gpu, ClockDomain domain);

  [[nodiscard]] bool PowerLimitIsOf(const BorrowedGpu& who);

  Result<void> RestorePowerLimit(const BorrowedGpu& who, Gpu& gpu);
  /// Takes back what `who` wants. What others want is set again; what nobody wants is as it was before the first.
  Result<void> Restore(const BorrowedGpu& who, Gpu& gpu);
  /// For the end of the process: whatever anybody wants.
  Result<void> RestoreForAll(Gpu& gpu);

  /// For a child made by fork(2): see GpuJournal.
  void DropLock() { journal_.DropLock(); }

 private:
  // These want the lock held by the caller.
  template <class Value>
  Result<void> Change(Gpu& gpu, std::optional<BorrowedValue<Value>> JournalRecord::* setting, Value current,
                      Value wanted);
  /// Writes the journal with `value` in the place of `setting`; where that fails, the record stays as it was.
  template <class Setting>
  Result<void> Note(Setting& setting, Setting value);
  /// After a lock that failed with `why`, which is returned.
  std::unexpected<Error> PutBackClocks(Gpu& gpu, ClockDomain domain, const std::optional<ClockRange>& previous,
                                       Error why);
  /// These change the record, but do not write it.
  template <class Value>
  Result<void> TakeBack(const BorrowedGpu& who, Gpu& gpu, Wishes<Value>& wishes,
                        std::optional<BorrowedValue<Value>>& place);
  Result<void> TakeBackClocks(const BorrowedGpu& who, Gpu& gpu, ClockDomain domain);

  [[nodiscard]] Wishes<ClockRange>& clocks(ClockDomain domain) {
    return domain == ClockDomain::kGraphics ? graphics_clocks_ : memory_clocks_;
  }

  std::mutex mutex_;      // Guards all of the following.
  GpuJournal journal_;    // Its file's name is constant.
  JournalRecord record_;  // Locked clocks are those that are in force.
  Wishes<Watts> power_limits_;
  Wishes<PersistenceMode> persistence_modes_;
  Wishes<ClockRange> graphics_clocks_;
  Wishes<ClockRange> memory_clocks_;
};

}  // namespace zeus
