#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/control/journal_record.h"
#include "zeus/control/settings_journal.h"
#include "zeus/device/gpu.h"

/// What processes that were killed left behind.
namespace zeus {

enum class LeftoverState {
  kRestored,
  kToRestore,  ///< Found in a dry run.
  kHeld,       ///< Its process lives: nothing is left behind.
  kNoSuchGpu,  ///< None of the GPUs that are here; the journal stays.
  kDamaged,    ///< The journal cannot be read; it is kept beside its place.
  kFailed,     ///< Something could not be put back; the journal stays.
};

/// One word for people and JSON: "restored", "to_restore", "held", "no_such_gpu", "damaged", "failed".
std::string_view LeftoverStateName(LeftoverState state);

struct Leftover {
  std::filesystem::path file;
  std::string uuid;
  LeftoverState state = LeftoverState::kRestored;
  std::optional<JournalRecord> record;      ///< As it was found; absent where it cannot be read.
  std::string message;                      ///< What happened, without a full stop.
  ErrorCode why = ErrorCode::kUnavailable;  ///< What can be done about one that is kFailed.
};

/// Whether this one is a reason for a program to fail.
[[nodiscard]] inline bool IsProblem(const Leftover& leftover) {
  return leftover.state == LeftoverState::kNoSuchGpu || leftover.state == LeftoverState::kDamaged ||
         leftover.state == LeftoverState::kFailed;
}

/// Restores `gpu` from its journal and removes that; nothing where there is none. A damaged one is set aside.
std::optional<Leftover> RestoreLeftover(GpuJournal& journal, Gpu& gpu);

enum class LeftoverMode { kRestore, kDryRun };

/// Every journal in `folder`, in the order of their names, restored where its GPU is among `gpus` and its process is
/// dead. A dry run changes neither devices nor journals. A folder that does not exist holds nothing. Safe against other
/// processes that do the same: each GPU is locked meanwhile.
/// Errors are those of the folder itself: see SettingsJournal::CheckFolder.
Result<std::vector<Leftover>> RestoreLeftovers(const std::filesystem::path& folder, std::span<Gpu* const> gpus,
                                               LeftoverMode mode, const WallClock& wall_clock);

}  // namespace zeus
