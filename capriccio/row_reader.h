#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capriccio/csv_record.h"
#include "capriccio/row_writer.h"
#include "capriccio/text_layout.h"
#include "zeus/base/result.h"

namespace zeus::capriccio {

/// Reads up to `size` bytes; 0 at the end.
using ReadBytes = std::function<Result<size_t>(char* buffer, size_t size)>;

enum class OnDamage { kFail, kSkip };

/// A row that is longer than this is damaged: most likely a quote is missing. It bounds the memory of a reader, too.
inline constexpr size_t kMaxRowBytes = size_t{1} << 20;

/// Reads a dated, labelled text row by row, as lines of JSON. Memory does not grow with the text.
class RowReader {
 public:
  /// Reads the header, if there is one. `source` names the text in errors.
  static Result<RowReader> Open(std::string source, ReadBytes read, TextLayout layout, OnDamage on_damage);

  /// Appends the next row's line of JSON to `line` and returns its time; nothing at the end. A damaged row is
  /// kInvalidData with "SOURCE:LINE:COLUMN: ...", or is passed over and counted; reading goes on in the line after the
  /// one that the row began in.
  Result<std::optional<Time>> Next(std::string* line);

  [[nodiscard]] uint64_t damaged() const { return damaged_; }
  /// What was wrong with the first few that were passed over.
  [[nodiscard]] const std::vector<std::string>& damages() const { return damages_; }

 private:
  RowReader(std::string source, ReadBytes read, OnDamage on_damage)
      : source_(std::move(source)), read_(std::move(read)), on_damage_(on_damage) {}

  [[nodiscard]] std::string_view unread() const { return std::string_view(buffer_).substr(at_); }
  Result<void> Fill();
  Result<void> PassOverBlankLines();
  void Consume(size_t bytes);
  Result<void> Damaged(const RowDamage& damage);
  Result<std::optional<Time>> TryNext(std::string* line, bool* again);
  Result<std::optional<RowDamage>> ReadRecord();
  Result<TextLayout> ReadHeader(TextLayout layout);

  std::string source_;
  ReadBytes read_;
  OnDamage on_damage_;
  TextFormat format_ = TextFormat::kCsv;
  std::optional<RowWriter> writer_;

  std::string buffer_;
  size_t at_ = 0;
  uint64_t line_ = 1;  // Of at_.
  bool at_end_ = false;

  std::vector<CsvField> fields_;  // Of the record at at_.
  size_t record_bytes_ = 0;
  uint64_t damaged_ = 0;
  std::vector<std::string> damages_;
};

}  // namespace zeus::capriccio
