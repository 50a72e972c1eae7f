#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace zeus::capriccio {

/// A field of a CSV record, as it stands in the text.
struct CsvField {
  std::string_view text;        ///< Without the quotes around it.
  bool doubled_quotes = false;  ///< Whether "" in it stands for one quote.
  size_t offset = 0;            ///< Where it starts in the text.
};

struct CsvRecordEnd {
  size_t bytes;  ///< Of the record with its line break.
};
struct CsvNeedsMore {};  ///< The text ends within the record, and more of it may come.
struct CsvDamage {
  size_t offset;
  std::string message;
};

/// Reads the record at the start of a text (RFC 4180: quoted fields, doubled quotes, LF or CRLF). `is_last` says that
/// nothing follows the text. Bytes of any encoding that holds ASCII are passed on as they are.
std::variant<CsvRecordEnd, CsvNeedsMore, CsvDamage> ReadCsvRecord(std::string_view text, bool is_last,
                                                                  std::vector<CsvField>* fields);

}  // namespace zeus::capriccio
