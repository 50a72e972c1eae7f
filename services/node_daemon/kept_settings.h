#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/node_daemon/setting_change.h"
#include "zeus/base/result.h"
#include "zeus/control/borrowed_gpu.h"
#include "zeus/control/journal_record.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// What becomes of settings that were made without a lease, when the daemon ends.
enum class Unleased { kStay, kRestored };

struct KeepingRules {
  std::filesystem::path journal;  ///< A folder; what was there before is noted in it. Empty: there are no leases.
  Unleased unleased = Unleased::kStay;
};

/// Changes the settings of one GPU, and knows what is to be put back when. For one thread.
///
/// What is changed under a lease is borrowed (see BorrowedGpu): the last change counts, and when leases end, what was
/// there before comes back, whoever dies. What is changed without one stays; what was there before its first change is
/// noted in the folder "unleased" of the journal.
class KeptSettings {
 public:
  KeptSettings(Gpu& gpu, KeepingRules rules) : gpu_(gpu), rules_(std::move(rules)) {}

  /// Restores the settings without a lease of a predecessor that was killed, where the rules say so. What people should
  /// know, or nothing.
  std::string Begin();

  /// Errors are those of GpuSettings and, with a lease, of BorrowedGpu.
  Result<void> Change(const SettingChange& change, std::optional<int64_t> lease);

  /// Puts back what the lease changed; nothing where it changed nothing here. What fails is for RestoreLate().
  std::optional<Result<void>> EndLease(int64_t lease);

  /// Whether something that should be back is not, as on a GPU that is lost.
  [[nodiscard]] bool is_late() const { return !late_.empty(); }
  /// Tries again to put that back. The error is the first.
  Result<void> RestoreLate();

  /// Ends all leases, and puts back the rest where the rules say so. The error is the first.
  Result<void> End();

 private:
  Result<void> ChangeUnderLease(const SettingChange& change, int64_t lease);
  Result<void> ChangeForGood(const SettingChange& change);
  Result<void> RepeatUnleased();
  Result<void> NoteUnleased(const SettingChange& change);
  Result<GpuJournal*> UnleasedJournal();

  Gpu& gpu_;
  const KeepingRules rules_;
  std::map<int64_t, std::unique_ptr<BorrowedGpu>> leases_;
  std::vector<std::unique_ptr<BorrowedGpu>> late_;  // Of leases that have ended: not restored yet.
  std::vector<SettingChange> during_leases_;  // Made without one meanwhile: to be made again when the last has ended.
  std::unique_ptr<GpuJournal> unleased_;      // Held from the first use.
  JournalRecord before_;                      // What it says.
};

}  // namespace zeus
