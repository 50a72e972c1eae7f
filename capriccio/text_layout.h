#pragma once

#include <optional>
#include <string>
#include <vector>

namespace zeus::capriccio {

enum class TextFormat { kCsv, kJsonLines };
enum class Encoding { kLatin1, kUtf8 };

/// How a dated, labelled text lies in a file; the defaults are the published data's.
struct TextLayout {
  TextFormat format = TextFormat::kCsv;
  Encoding encoding = Encoding::kLatin1;  ///< Of CSV; JSON is always UTF-8.
  bool has_header = false;                ///< The first record of the CSV names the columns.
  std::vector<std::string> columns = {"polarity", "id", "date", "query", "user", "text"};  ///< Without a header.
  std::string label = "polarity";
  std::string date = "date";
  std::string date_format = "%a %b %d %H:%M:%S %Z %Y";
  /// Fields that rows are written without. Nothing: query and user, where they are there.
  std::optional<std::vector<std::string>> left_out;
  /// CSV columns of whole numbers, written as such; others are written as texts. Nothing: polarity and id, where they
  /// are there. JSON has types of its own.
  std::optional<std::vector<std::string>> numbers;
};

}  // namespace zeus::capriccio
