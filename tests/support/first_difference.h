#pragma once

#include <sstream>
#include <string>

namespace zeus::testing {

/// "line 7: found ..., expected ..."; empty when the texts are equal. Long documents are compared by this so that a
/// failing test shows what matters.
inline std::string FirstDifference(const std::string& found, const std::string& expected) {
  std::istringstream found_lines(found);
  std::istringstream expected_lines(expected);
  for (int line = 1;; ++line) {
    std::string found_line;
    std::string expected_line;
    const bool more_found = static_cast<bool>(std::getline(found_lines, found_line));
    const bool more_expected = static_cast<bool>(std::getline(expected_lines, expected_line));
    if (!more_found && !more_expected) return {};
    if (more_found == more_expected && found_line == expected_line) continue;
    return std::string("line ")
        .append(std::to_string(line))
        .append(": found ")
        .append(more_found ? found_line : "the end")
        .append(", expected ")
        .append(more_expected ? expected_line : "the end");
  }
}

}  // namespace zeus::testing
