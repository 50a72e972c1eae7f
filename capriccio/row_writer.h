#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "capriccio/csv_record.h"
#include "capriccio/date_format.h"
#include "capriccio/text_layout.h"
#include "zeus/base/result.h"

namespace zeus::capriccio {

/// What is wrong with a row, and where in its text.
struct RowDamage {
  size_t offset;
  std::string message;
};

/// Turns rows of the source into lines of JSON: the source's fields in their order, less those that are left out, the
/// label's named "label". A line ends with a line break and is UTF-8.
class RowWriter {
 public:
  /// kInvalidArgument for names that the columns do not have, and for a date format that is none.
  static Result<RowWriter> Create(TextLayout layout);

  /// Appends the line and returns the row's time; where the row is damaged, `line` holds a part of it.
  std::variant<Time, RowDamage> AppendCsv(std::string_view record, const std::vector<CsvField>& fields,
                                          std::string* line) const;
  std::variant<Time, RowDamage> AppendJson(std::string_view record, std::string* line) const;

 private:
  enum class Use { kLeftOut, kNumber, kText };
  struct Column {
    std::string key;  // "\"name\":"
    Use use = Use::kText;
  };

  RowWriter(TextLayout layout, DateFormat dates) : layout_(std::move(layout)), dates_(std::move(dates)) {}

  Result<void> UseColumns();
  [[nodiscard]] RowDamage NoDate(size_t offset, std::string_view found) const;

  TextLayout layout_;
  DateFormat dates_;
  std::vector<Column> columns_;
  size_t label_ = 0;
  size_t date_ = 0;
};

}  // namespace zeus::capriccio
