#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace zeus {

inline constexpr size_t kLogTailLines = 10;

/// The last lines of a log, each indented and after a line break, to be put behind an error; what a terminal would not
/// show as text is left out, and of a progress bar only what it showed last. " (empty)" where nothing was written, and
/// why where the log cannot be read.
std::string LogTail(const std::filesystem::path& log, size_t lines = kLogTailLines);

}  // namespace zeus
