#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "zeus/base/result.h"

namespace zeus {

enum class Style { kPlain, kBold, kDim, kGood, kBad };

/// Where a command prints. Results go to standard output, everything about the run itself to standard error.
struct Console {
  bool output_is_terminal = false;
  bool error_is_terminal = false;
  bool color = false;  ///< A terminal, and NO_COLOR is not set (https://no-color.org).
  int width = 80;      ///< Columns of the terminal.

  /// Looks at the standard streams; `no_color` is the value of NO_COLOR, or null.
  static Console OfStandardStreams(const char* no_color);

  /// The text in that style, or unchanged where colours are off.
  [[nodiscard]] std::string Styled(Style style, std::string_view text) const;

  /// Writes to standard output as a whole; a closed pipe or a full disk is kUnavailable.
  [[nodiscard]] Result<void> Print(std::string_view text) const;

  /// A line on standard error.
  void Note(std::string_view text) const;
};

/// Replaces a result file as a whole; a link stays and its target is replaced. What is no regular file, such as a pipe
/// or a device, is written to as it is.
Result<void> WriteResultFile(const std::string& file, std::string_view content);

/// WriteResultFile, or prints where the name is "-".
Result<void> WriteOutput(const Console& console, const std::string& file, std::string_view content);

}  // namespace zeus
