#pragma once

#include <map>
#include <string>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// A command in the foreground: it has our standard streams and our terminal.
struct ForegroundCommand {
  std::vector<std::string> arguments;              ///< The first is the program, searched for in PATH.
  std::map<std::string, std::string> environment;  ///< Set on top of ours.
};

/// Runs it to its end and returns what a shell would call its exit code: its own, or 128 plus the signal that ended it.
/// Meanwhile SIGTERM and SIGHUP are passed on to it; SIGINT and SIGQUIT reach it from the terminal by themselves, and
/// we outlive them. kNotFound and kPermissionDenied say why the program could not be started. One at a time in a
/// process: signal dispositions are changed while it runs and put back after it.
Result<int> RunInForeground(const ForegroundCommand& command);

}  // namespace zeus
