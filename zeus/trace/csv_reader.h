#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/trace/problem.h"

namespace zeus {

/// Walks over the records of a CSV text (RFC 4180: quoted fields, doubled quotes, CRLF or LF) whose first line names
/// the columns. Columns are asked for by their position in the list of wanted names; other columns are passed over.
/// Fields are views into the text, which must outlive the reader. Numbers are read independently of the locale.
class CsvReader {
 public:
  /// Reads the header. A missing column, one named twice or an empty file is reported to `problems`, and then Next()
  /// has nothing to give.
  CsvReader(std::string_view text, std::string source, std::span<const std::string_view> wanted, Problems* problems);

  /// Moves to the next record that has as many fields as the header; others are reported. Blank lines are passed over.
  bool Next();

  [[nodiscard]] size_t line() const { return record_line_; }

  /// The field, which must not be empty; reported and empty otherwise.
  std::string_view Text(size_t wanted);

  std::optional<double> Number(size_t wanted);  ///< A finite number.
  std::optional<double> PositiveNumber(size_t wanted);
  std::optional<int64_t> PositiveInteger(size_t wanted);

  /// The raw field, whatever it holds.
  [[nodiscard]] std::string_view Field(size_t wanted) const { return fields_[positions_[wanted]].text; }

  /// Reports a problem at a field of this record, or at the record as a whole.
  void Report(size_t wanted, std::string message);
  void ReportRecord(std::string message);

 private:
  struct FieldSpan {
    std::string_view text;
    size_t line = 0;  // Not the record's, after a quoted line break.
    size_t column = 0;
  };

  bool ReadRecord();
  bool ReadField(size_t line_start);
  bool ReadQuotedField(FieldSpan* field);
  void ReportAt(size_t line, size_t column, std::string message);

  std::string_view text_;
  std::string source_;
  std::span<const std::string_view> wanted_;
  Problems* problems_;
  size_t at_ = 0;
  size_t line_ = 1;
  size_t line_start_ = 0;
  size_t record_line_ = 1;
  size_t header_fields_ = 0;
  std::vector<size_t> positions_;
  std::vector<FieldSpan> fields_;
  std::deque<std::string> unescaped_;  // Owns the fields whose quotes had to be undone.
};

}  // namespace zeus
