#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// A command in the foreground: it has our standard streams and our terminal.
struct ForegroundCommand {
  std::vector<std::string> arguments;              ///< The first is the program, searched for in PATH.
  std::map<std::string, std::string> environment;  ///< Set on top of ours.
};

/// How a command ended.
struct ForegroundEnd {
  /// What a shell would call its exit code: its own, or 128 plus the signal that ended it.
  int exit_code = 0;
  /// The last of SIGINT, SIGQUIT, SIGTERM and SIGHUP that came meanwhile: whoever sent it wants an end.
  std::optional<int> told_to_end;
};

/// Runs it to its end. Signals that come meanwhile (SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT) are passed on
/// to it, but for an interrupt from the terminal, which reaches it by itself, and we outlive them; what we ignore stays
/// ignored. kNotFound and kPermissionDenied say why the program could not be started. One at a time in a process:
/// signal dispositions are changed while it runs and put back after it.
Result<ForegroundEnd> RunInForeground(const ForegroundCommand& command);

}  // namespace zeus
