#pragma once

#include <algorithm>
#include <string>

#include "tests/fuzz/require.h"
#include "zeus/trace/problem.h"

namespace zeus::fuzz {

/// What holds for every reader of a CSV trace and its writer: a text is read whole or something is reported, at a place
/// within it; and what is free of problems can be written and read again.
template <class Parse, class Rows>
void CheckCsvTrace(std::string_view text, Parse parse, Rows rows) {
  Problems problems;
  const auto trace = parse(text, "file", &problems);
  const size_t lines = static_cast<size_t>(std::ranges::count(text, '\n')) + 1;
  for (const Problem& problem : problems) {
    Require(problem.line <= lines, "a problem stands within the file", ToText(problem));
    Require(problem.column <= text.size() + 1, "a problem stands within the file", ToText(problem));
    Require(problem.source == "file" && !problem.message.empty(), "a problem says what it is", ToText(problem));
  }
  if (!problems.empty()) return;
  Require(rows(trace) > 0, "a file without rows is a problem");
  const std::string written = ToCsv(trace);
  const auto again = parse(written, "file", &problems);
  Require(problems.empty(), "what was written is free of problems", problems.empty() ? "" : ToText(problems.front()));
  Require(rows(again) == rows(trace), "what was written has all rows", written);
  Require(ToCsv(again) == written, "what was written reads back as the same", written);
}

}  // namespace zeus::fuzz
