#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "zeus/base/units.h"

namespace zeus {

struct CommandExited {
  int code = 0;
};
struct CommandSignalled {
  int signal = 0;
};
struct CommandTimedOut {};
struct CommandNotStarted {
  std::string why;
};

/// How a command went, and what it wrote.
struct CapturedCommand {
  std::variant<CommandExited, CommandSignalled, CommandTimedOut, CommandNotStarted> end;
  std::string output;  ///< The beginning, at most 64 KiB; of `errors`, too.
  std::string errors;
  /// Whether all of it was read: not where something that the command left behind keeps its output open for a second.
  bool is_whole = true;
};

/// Runs a program without a shell, in a process group of its own, with nothing to read. After `timeout` the group is
/// killed. Any number at once.
CapturedCommand RunCaptured(const std::vector<std::string>& arguments, Seconds timeout);

}  // namespace zeus
