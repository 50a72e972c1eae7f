#pragma once

#include <string>
#include <string_view>

namespace zeus {

/// A field as it stands in a CSV line: quoted where it holds a comma, a quote or a line break.
inline std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace zeus
