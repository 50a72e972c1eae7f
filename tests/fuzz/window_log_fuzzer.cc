// A window log's text; what could be read of it is written and read again.
#include "tests/fuzz/require.h"
#include "zeus/trace/window_log.h"

namespace {

std::string Write(const zeus::WindowLog& log) {
  std::string text = zeus::WindowLogHeader(log.columns);
  for (const zeus::WindowRow& row : log.rows) text += zeus::WindowLogLine(log.columns, row);
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  zeus::Problems problems;
  const zeus::WindowLog log = zeus::ParseWindowLog(zeus::fuzz::ToText(data, size), "file", &problems);
  for (const zeus::Problem& problem : problems) {
    Require(problem.source == "file", "a problem names its file", problem.message);
  }
  // Without its columns there is nothing to write.
  if (log.rows.empty()) return 0;
  const std::string written = Write(log);
  zeus::Problems none;
  const zeus::WindowLog again = zeus::ParseWindowLog(written, "file", &none);
  Require(none.empty(), "what was written can be read", none.empty() ? "" : none.front().message);
  Require(again.rows.size() == log.rows.size(), "every row reads back", written);
  Require(Write(again) == written, "what was written reads back as the same", written);
  return 0;
}
