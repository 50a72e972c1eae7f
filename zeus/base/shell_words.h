#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// A word as a shell reads it: quoted where it must be.
std::string ShellWord(const std::string& word);

/// Words with spaces between them, as a shell reads them.
std::string JoinShellWords(std::span<const std::string> words);

/// A line's words with their quotes taken away, by the rules of POSIX's shell (2.2, Quoting); nothing is expanded.
/// kInvalidArgument for a quote that is not closed.
Result<std::vector<std::string>> SplitShellWords(std::string_view line);

}  // namespace zeus
