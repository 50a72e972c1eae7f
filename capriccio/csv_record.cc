#include "capriccio/csv_record.h"

#include <fmt/format.h>

namespace zeus::capriccio {
namespace {

constexpr size_t kNone = std::string_view::npos;

// Where the quoted field that starts at `start`, after its opening quote, has its closing quote; kNone if nowhere.
size_t FindClosingQuote(std::string_view text, size_t start, bool* doubled_quotes) {
  for (size_t at = text.find('"', start); at != kNone; at = text.find('"', at + 2)) {
    if (at + 1 >= text.size() || text[at + 1] != '"') return at;
    *doubled_quotes = true;
  }
  return kNone;
}

}  // namespace

std::variant<CsvRecordEnd, CsvNeedsMore, CsvDamage> ReadCsvRecord(std::string_view text, bool is_last,
                                                                  std::vector<CsvField>* fields) {
  fields->clear();
  size_t at = 0;
  while (true) {
    CsvField field{.offset = at};
    if (at < text.size() && text[at] == '"') {
      const size_t close = FindClosingQuote(text, at + 1, &field.doubled_quotes);
      // A quote that ends the text may be the first half of a doubled one.
      if (!is_last && (close == kNone || close + 1 == text.size())) return CsvNeedsMore{};
      if (close == kNone) return CsvDamage{at, "the closing quote is missing"};
      field.text = text.substr(at + 1, close - at - 1);
      at = close + 1;
    } else {
      size_t end = text.find_first_of(",\n\"", at);
      if (end == kNone) {
        if (!is_last) return CsvNeedsMore{};
        end = text.size();
      }
      if (end < text.size() && text[end] == '"') return CsvDamage{end, "a quote within a field that is not quoted"};
      field.text = text.substr(at, end - at);
      if (field.text.ends_with('\r') && (end == text.size() || text[end] == '\n')) field.text.remove_suffix(1);
      at = end;
    }
    fields->push_back(field);
    if (at < text.size() && text[at] == '\r') {
      if (at + 1 == text.size() && !is_last) return CsvNeedsMore{};
      ++at;
    }
    if (at == text.size()) return CsvRecordEnd{at};
    if (text[at] == '\n') return CsvRecordEnd{at + 1};
    if (text[at] != ',') {
      return CsvDamage{at, fmt::format("expected a comma or the end of the line after the closing quote, found byte "
                                       "0x{:02x}",
                                       static_cast<unsigned char>(text[at]))};
    }
    ++at;
  }
}

}  // namespace zeus::capriccio
