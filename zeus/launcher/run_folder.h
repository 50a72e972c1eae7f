#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "zeus/base/noted_signals.h"
#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"
#include "zeus/base/units.h"
#include "zeus/launcher/run_history.h"

namespace zeus {

/// The name of a run's log folder:
/// {dataset}+{network}+bs{b0}+{optimizer}+lr{lr}+tm{target}+me{epochs}+x{recurrences}+eta{eta}+beta{beta}+{timestamp}.
/// What is no letter, digit or one of ". _ - + =" becomes "_", and so does a dot at the beginning. Without a learning
/// rate "lrNone".
std::string RunFolderName(const RunIdentity& identity, int64_t recurrences, std::string_view timestamp);

/// The log folder of a run, locked: one process at a time works in it, and a training command that it left behind
/// counts as it. The kernel lets go of the lock when all of them have ended.
class RunFolder {
 public:
  /// A folder that must not be there yet; its parents are made. kFailedPrecondition when it is.
  static Result<RunFolder> Make(const std::filesystem::path& path);
  /// One that is there. While somebody else works in it, waits up to `wait`, or until a signal is noted in `signals`,
  /// which may be null; then kFailedPrecondition names the process that took it.
  static Result<RunFolder> Open(const std::filesystem::path& path, Seconds wait, const NotedSignals* signals);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path history_file() const { return path_ / "history.json"; }
  /// For TrainingCommand::held.
  [[nodiscard]] int lock() const { return lock_.get(); }

 private:
  RunFolder(std::filesystem::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  static Result<RunFolder> Lock(std::filesystem::path path, Seconds wait, const NotedSignals* signals);

  std::filesystem::path path_;
  UniqueFd lock_;
};

}  // namespace zeus
