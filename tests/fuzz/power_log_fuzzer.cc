// A power log's text, in pieces of different sizes.
#include <algorithm>
#include <cstring>

#include "tests/fuzz/require.h"
#include "zeus/trace/power_log.h"

namespace {

struct Outcome {
  std::string written;
  std::string message;
  bool incomplete = false;
};

Outcome Read(std::string_view text, size_t piece) {
  size_t at = 0;
  Outcome outcome;
  outcome.written = zeus::PowerLogHeader();
  auto reader = zeus::PowerLogReader::Open("file", [&](char* buffer, size_t size) -> zeus::Result<size_t> {
    const size_t count = std::min({piece, size, text.size() - at});
    std::memcpy(buffer, text.data() + at, count);
    at += count;
    return count;
  });
  if (!reader) {
    outcome.message = reader.error().message;
    return outcome;
  }
  while (true) {
    const auto sample = reader->Next();
    if (!sample) outcome.message = sample.error().message;
    if (!sample || !*sample) break;
    zeus::AppendPowerLogLine(**sample, &outcome.written);
  }
  outcome.incomplete = reader->has_incomplete_line();
  return outcome;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  const std::string_view text = zeus::fuzz::ToText(data, size);
  const Outcome whole = Read(text, size + 1);
  const Outcome pieces = Read(text, 3);
  Require(whole.message == pieces.message, "pieces make no difference", pieces.message);
  Require(whole.written == pieces.written, "pieces make no difference", pieces.written);
  Require(whole.message.empty() || whole.message.starts_with("file:"), "a problem names its place", whole.message);
  const Outcome again = Read(whole.written, size + 1);
  Require(again.message.empty() && !again.incomplete, "what was written can be read", again.message);
  Require(again.written == whole.written, "what was written reads back as the same", again.written);
  return 0;
}
