#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// Something wrong at one place of a data file.
struct Problem {
  std::string source;  ///< The file's name.
  size_t line = 0;     ///< From 1; 0 when it concerns the file as a whole.
  size_t column = 0;   ///< From 1, in bytes; 0 when it concerns the line as a whole.
  std::string message;

  bool operator==(const Problem&) const = default;
};

/// "file:line:column: message".
std::string ToText(const Problem& problem);

/// All that is wrong with a file, in the order of its lines. A reader reports here and goes on, so that one pass over a
/// damaged file shows everything that must be mended.
using Problems = std::vector<Problem>;

/// Success when there are none; else the first problem, and how many more there are.
Result<void> ToResult(const Problems& problems);

}  // namespace zeus
