#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"
#include "zeus/control/journal_record.h"

namespace zeus {

/// Tells the date; a program hands in std::chrono::system_clock::now.
using WallClock = std::function<std::chrono::system_clock::time_point()>;

/// Where the settings of user `uid` are journalled: /run/zeus/journal for root; else zeus/journal in `xdg_runtime_dir`
/// (the value of XDG_RUNTIME_DIR) or, without one, a folder of the user's own in /tmp. The first two are empty after
/// the machine was started anew, and so are a GPU's settings.
std::filesystem::path DefaultJournalFolder(uint32_t uid, const std::optional<std::string>& xdg_runtime_dir);

/// This process as it is told to others.
Borrower ThisProcess(std::chrono::system_clock::time_point now);

/// Whether a UUID can name a file: 1 to 128 letters, digits and dashes.
bool IsJournalName(std::string_view uuid);

/// The journal of GPU `uuid`, or nothing where there is no such file. Needs no lock: journals are replaced as a whole.
/// kInvalidData, naming the place, where it is damaged or another GPU's.
Result<std::optional<JournalRecord>> ReadJournal(const std::filesystem::path& file, std::string_view uuid);

/// Whether what was there before is written down. It need not be where somebody else puts it back: the lock alone then
/// keeps others from the GPU.
enum class Recording { kOnDisk, kNone };

/// The journal of one GPU, locked for this process: two files in the journal folder.
///
/// `UUID.lock` is held with flock(2) for as long as this lives, and says who holds it; the kernel lets go of it however
/// the process ends. It is never deleted: two processes could then lock two files of one name. `UUID.json` is the
/// record of what is changed; one that nobody holds the lock of is what a dead process left behind. Movable; not
/// thread-safe.
class GpuJournal {
 public:
  /// `label` names the GPU in errors. kInvalidArgument for a uuid that is no journal's name;
  /// kFailedPrecondition where somebody else, or another object of this process, holds it, naming whom.
  static Result<GpuJournal> Lock(const std::filesystem::path& folder, std::string_view uuid, std::string_view label,
                                 const Borrower& me, Recording recording = Recording::kOnDisk);

  /// Where the record of GPU `uuid` is.
  static std::filesystem::path FileOf(const std::filesystem::path& folder, std::string_view uuid);
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

  [[nodiscard]] Result<std::optional<JournalRecord>> Read() const { return ReadJournal(file_, uuid_); }
  /// Replaces the record as a whole, on disk when this returns; one that changes nothing is removed.
  Result<void> Write(const JournalRecord& record);
  Result<void> Remove();
  /// Keeps a damaged record beside its place, as UUID.json.damaged or -2, -3, ..., and returns where.
  Result<std::filesystem::path> SetAside();

  /// For a child made by fork(2): forgets the lock, which stays the parent's.
  void DropLock() { lock_ = UniqueFd(); }

 private:
  GpuJournal(std::filesystem::path file, std::string uuid, Recording recording, UniqueFd lock);

  std::filesystem::path file_;
  std::string uuid_;
  Recording recording_;
  UniqueFd lock_;
};

/// A journal folder of this user's.
class SettingsJournal {
 public:
  /// Makes the folder where it is missing: for root readable by everybody, else by its owner only. kPermissionDenied
  /// for one that another user owns or may write to, and for a symbolic link: what lies in it will be done to devices.
  static Result<SettingsJournal> Open(std::filesystem::path folder, WallClock wall_clock);
  /// The one, in this folder, of GPUs whose settings come back by themselves: see GpuInfo::settings_are_leased. Whoever
  /// puts them back may have a journal of its own in this folder, and must be able to lock that.
  [[nodiscard]] Result<SettingsJournal> OfLeased() const;
  /// The check alone; makes nothing.
  static Result<void> CheckFolder(const std::filesystem::path& folder);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] Borrower ThisProcess() const { return zeus::ThisProcess(wall_clock_()); }

 private:
  SettingsJournal(std::filesystem::path folder, WallClock wall_clock)
      : folder_(std::move(folder)), wall_clock_(std::move(wall_clock)) {}

  std::filesystem::path folder_;
  WallClock wall_clock_;
};

}  // namespace zeus
