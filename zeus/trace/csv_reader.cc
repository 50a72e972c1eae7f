#include "zeus/trace/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zeus/base/number_text.h"

namespace zeus {
namespace {

std::string Quote(std::string_view field) {
  constexpr size_t kLongest = 40;
  if (field.size() <= kLongest) return fmt::format("\"{}\"", field);
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(field[end]) & 0xC0) == 0x80) --end;  // No half a UTF-8 character.
  return fmt::format("\"{}...\" ({} bytes)", field.substr(0, end), field.size());
}

}  // namespace

CsvReader::CsvReader(std::string_view text, std::string source, std::span<const std::string_view> wanted,
                     Problems* problems)
    : text_(text), source_(std::move(source)), wanted_(wanted), problems_(problems) {
  const std::string expected = fmt::format("expected a header line with the columns {}", fmt::join(wanted, ","));
  if (!ReadRecord()) {
    ReportAt(0, 0, "the file is empty: " + expected);
    at_ = text_.size();
    return;
  }
  header_fields_ = fields_.size();
  bool complete = true;
  for (const std::string_view name : wanted) {
    const auto found = std::ranges::find(fields_, name, &FieldSpan::text);
    if (found == fields_.end()) {
      ReportAt(record_line_, 0, fmt::format("no column \"{}\": {}", name, expected));
      complete = false;
      continue;
    }
    positions_.push_back(static_cast<size_t>(found - fields_.begin()));
    const auto again = std::ranges::find(found + 1, fields_.end(), name, &FieldSpan::text);
    if (again != fields_.end()) {
      ReportAt(again->line, again->column, fmt::format("column \"{}\" stands twice", name));
      complete = false;
    }
  }
  if (!complete) at_ = text_.size();
}

bool CsvReader::Next() {
  while (ReadRecord()) {
    if (fields_.size() == header_fields_) return true;
    ReportRecord(fmt::format("expected {} fields, as in the header, found {}", header_fields_, fields_.size()));
  }
  return false;
}

// Reads the next record that is not a blank line into fields_.
bool CsvReader::ReadRecord() {
  while (at_ < text_.size()) {
    fields_.clear();
    unescaped_.clear();
    record_line_ = line_;
    const size_t start = at_;
    while (ReadField(start)) {
    }
    const bool blank = fields_.size() == 1 && fields_[0].text.empty();
    if (!blank) return true;
  }
  return false;
}

// Reads one field and what ends it; returns whether the record goes on.
bool CsvReader::ReadField(size_t line_start) {
  FieldSpan& field = fields_.emplace_back();
  field.line = line_;
  field.column = at_ - std::max(line_start, line_start_) + 1;
  if (at_ < text_.size() && text_[at_] == '"') {
    if (!ReadQuotedField(&field)) return false;
  } else {
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') ++at_;
    size_t end = at_;
    if (end > start && text_[end - 1] == '\r' && (at_ == text_.size() || text_[at_] == '\n')) --end;
    field.text = text_.substr(start, end - start);
  }
  if (at_ == text_.size()) return false;
  const char ending = text_[at_++];
  if (ending == '\n') {
    ++line_;
    line_start_ = at_;
  }
  return ending == ',';
}

bool CsvReader::ReadQuotedField(FieldSpan* field) {
  const size_t quote_line = line_;
  const size_t quote_column = field->column;
  std::string& value = unescaped_.emplace_back();
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      const bool doubled = at_ + 1 < text_.size() && text_[at_ + 1] == '"';
      if (!doubled) break;
      ++at_;
    }
    if (c == '\n') {
      ++line_;
      line_start_ = at_ + 1;
    }
    value.push_back(c);
  }
  field->text = value;
  if (at_ == text_.size()) {
    ReportAt(quote_line, quote_column, "this quote is never closed");
    return false;
  }
  ++at_;  // The closing quote.
  if (at_ < text_.size() && text_[at_] == '\r') ++at_;
  if (at_ == text_.size() || text_[at_] == ',' || text_[at_] == '\n') return true;
  ReportAt(quote_line, quote_column, "text after a closing quote");
  while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') ++at_;
  return true;
}

std::string_view CsvReader::Text(size_t wanted) {
  const std::string_view field = Field(wanted);
  if (field.empty()) Report(wanted, "expected a name, found nothing");
  return field;
}

std::optional<double> CsvReader::Number(size_t wanted) {
  const std::optional<double> number = ParseDouble(Field(wanted));
  if (number && std::isfinite(*number)) return number;
  Report(wanted, fmt::format("expected a number, found {}", Quote(Field(wanted))));
  return std::nullopt;
}

std::optional<double> CsvReader::PositiveNumber(size_t wanted) {
  const std::optional<double> number = ParseDouble(Field(wanted));
  if (number && std::isfinite(*number) && *number > 0) return number;
  Report(wanted, fmt::format("expected a number above 0, found {}", Quote(Field(wanted))));
  return std::nullopt;
}

std::optional<int64_t> CsvReader::PositiveInteger(size_t wanted) {
  const std::optional<int64_t> number = ParseInteger(Field(wanted));
  if (number && *number > 0) return number;
  Report(wanted, fmt::format("expected a whole number above 0, found {}", Quote(Field(wanted))));
  return std::nullopt;
}

void CsvReader::Report(size_t wanted, std::string message) {
  const FieldSpan& field = fields_[positions_[wanted]];
  ReportAt(field.line, field.column, fmt::format("{}: {}", wanted_[wanted], message));
}

void CsvReader::ReportRecord(std::string message) {
  ReportAt(record_line_, 0, std::move(message));
}

void CsvReader::ReportAt(size_t line, size_t column, std::string message) {
  problems_->push_back({.source = source_, .line = line, .column = column, .message = std::move(message)});
}

}  // namespace zeus
