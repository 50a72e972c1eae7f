#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/noted_signals.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// One launch of a training command. Its standard input is empty.
struct TrainingCommand {
  std::vector<std::string> arguments;              ///< The first is the program, searched for in PATH.
  std::map<std::string, std::string> environment;  ///< Set on top of ours.
  std::filesystem::path workdir;                   ///< Empty: ours.
  std::filesystem::path log;                       ///< Gets standard output and error as they come; replaced.
  std::optional<int> echo;                         ///< A descriptor that gets the same, live.
  std::optional<Seconds> timeout;
  Seconds grace{10};  ///< Between being told to end and being killed.
  /// A descriptor that stays open until everything that the command started has ended, also when we are killed: the
  /// lock of what it works in. Closed on exec by whoever opened it.
  std::optional<int> held;
};

enum class TrainingEnding {
  kByItself,
  kTimedOut,     ///< We ended it, because it took longer than it may.
  kInterrupted,  ///< We ended it, because a signal told us to end.
};

struct TrainingEnd {
  TrainingEnding ending = TrainingEnding::kByItself;
  /// What a shell would call its exit code: its own, or 128 plus the signal that ended it.
  int exit_code = 0;
  std::optional<int> signal;  ///< That ended it.
};

/// Runs it to its end. To end it means SIGTERM for its process group, so that it can put back what it changed, and
/// SIGKILL for what is left after the grace period. What the command leaves running is ended, too, wherever it moved
/// to: afterwards nothing of it is left.
///
/// A process of its own watches over it and takes its output: when we are killed, also with SIGKILL, it ends the
/// command. When that process is killed, the kernel sends SIGTERM to the command, and we end its process
/// group.
///
/// `signals` may be null; the first signal noted there ends the command, and keeps it from starting. One at a time in a
/// process. Errors: kNotFound and kPermissionDenied say why the command could not be started; kUnavailable names a log
/// that cannot be written, after the command was ended for it, or says that the watching process was killed.
Result<TrainingEnd> RunTraining(const TrainingCommand& command, const NotedSignals* signals);

}  // namespace zeus
