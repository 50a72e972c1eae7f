// A dated, labelled text, as CSV and as JSON lines, in pieces of different sizes. The first byte chooses the layout.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "capriccio/row_reader.h"
#include "tests/fuzz/require.h"

namespace {

using zeus::capriccio::OnDamage;
using zeus::capriccio::TextLayout;

struct Outcome {
  std::string lines;
  std::string times;
  std::string message;
  uint64_t rows = 0;
  uint64_t damaged = 0;
};

Outcome Read(std::string_view text, size_t piece, const TextLayout& layout, OnDamage on_damage) {
  size_t at = 0;
  Outcome outcome;
  auto reader = zeus::capriccio::RowReader::Open(
      "file",
      [&](char* buffer, size_t size) -> zeus::Result<size_t> {
        const size_t count = std::min({piece, size, text.size() - at});
        std::memcpy(buffer, text.data() + at, count);
        at += count;
        return count;
      },
      layout, on_damage);
  if (!reader) {
    outcome.message = reader.error().message;
    return outcome;
  }
  while (true) {
    const auto time = reader->Next(&outcome.lines);
    if (!time) outcome.message = time.error().message;
    if (!time || !*time) break;
    ++outcome.rows;
    outcome.times += std::to_string(**time) + " ";
  }
  outcome.damaged = reader->damaged();
  return outcome;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  if (size == 0) return 0;
  TextLayout layout;
  const bool json = (data[0] & 1) != 0;
  layout.format = json ? zeus::capriccio::TextFormat::kJsonLines : zeus::capriccio::TextFormat::kCsv;
  layout.encoding = (data[0] & 2) != 0 ? zeus::capriccio::Encoding::kUtf8 : zeus::capriccio::Encoding::kLatin1;
  layout.has_header = !json && (data[0] & 4) != 0;
  const std::string_view text = zeus::fuzz::ToText(data + 1, size - 1);

  const Outcome whole = Read(text, size, layout, OnDamage::kFail);
  const Outcome pieces = Read(text, 3, layout, OnDamage::kFail);
  Require(whole.message == pieces.message, "pieces make no difference", pieces.message);
  Require(whole.lines == pieces.lines && whole.times == pieces.times, "pieces make no difference", pieces.lines);
  const Outcome passed_over = Read(text, size, layout, OnDamage::kSkip);
  Require(passed_over.lines.starts_with(whole.lines), "what is good stays good", passed_over.lines);
  if (whole.message.empty()) Require(passed_over.damaged == 0, "only damage is passed over");

  // What was written is lines of JSON with a label, which read back as the same.
  uint64_t lines = 0;
  for (size_t at = 0; at < passed_over.lines.size(); ++lines) {
    const size_t end = passed_over.lines.find('\n', at);
    Require(end != std::string::npos, "a line has an end", passed_over.lines);
    const std::string line = passed_over.lines.substr(at, end - at);
    const auto row = nlohmann::json::parse(line, nullptr, false);
    Require(row.is_object() && row.contains("label"), "a line is an object with a label", line);
    at = end + 1;
  }
  Require(lines == passed_over.rows, "a row is a line", passed_over.lines);
  TextLayout written;
  written.format = zeus::capriccio::TextFormat::kJsonLines;
  written.label = "label";
  written.left_out = std::vector<std::string>();
  const Outcome again = Read(passed_over.lines, size + 1, written, OnDamage::kFail);
  Require(again.message.empty(), "what was written can be read", again.message);
  Require(again.lines == passed_over.lines && again.times == passed_over.times, "it reads back as the same",
          again.lines);
  return 0;
}
