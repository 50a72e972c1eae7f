#include "capriccio/row_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"
#include "zeus/base/text_file.h"

namespace zeus::capriccio {
namespace {

// Whether a byte stands in a JSON string as it is, whatever the encoding.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

// The short escapes, as the JSON library writes them.
constexpr std::string_view kShortEscaped = "\b\f\n\r\t";
constexpr std::string_view kShortEscapes = "bfnrt";

void AppendEscaped(unsigned char byte, Encoding encoding, std::string* out) {
  if (byte >= 0x80 && encoding == Encoding::kUtf8) {
    *out += static_cast<char>(byte);
  } else if (byte >= 0x80) {
    *out += static_cast<char>(0xC0 | (byte >> 6));
    *out += static_cast<char>(0x80 | (byte & 0x3F));
  } else if (byte == '"' || byte == '\\') {
    *out += '\\';
    *out += static_cast<char>(byte);
  } else if (const size_t at = kShortEscaped.find(static_cast<char>(byte)); at != std::string_view::npos) {
    *out += '\\';
    *out += kShortEscapes[at];
  } else {
    fmt::format_to(std::back_inserter(*out), "\\u{:04x}", byte);
  }
}

void AppendJsonText(std::string_view text, Encoding encoding, std::string* out) {
  *out += '"';
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && kPlain[static_cast<unsigned char>(text[end])]) ++end;
    *out += text.substr(at, end - at);
    if (end < text.size()) AppendEscaped(static_cast<unsigned char>(text[end++]), encoding, out);
    at = end;
  }
  *out += '"';
}

// The field's text with doubled quotes undone; `storage` owns it if that was needed.
std::string_view Undoubled(const CsvField& field, std::string* storage) {
  if (!field.doubled_quotes) return field.text;
  storage->clear();
  for (size_t i = 0; i < field.text.size(); ++i) {
    *storage += field.text[i];
    if (field.text[i] == '"') ++i;
  }
  return *storage;
}

// For an error message: not too long, and nothing that a terminal would not show.
std::string Shown(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string shown(text.substr(0, kMost));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';  // Also what is not ASCII, where char is signed and where it is not.
  }
  return fmt::format("\"{}{}\"", shown, text.size() > kMost ? "..." : "");
}

std::string_view WithoutLineEnd(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The names asked for, which must all be there, or those of `usual` that are there.
Result<std::vector<std::string>> Choose(std::string_view what, const std::optional<std::vector<std::string>>& asked,
                                        const std::vector<std::string>& usual,
                                        const std::vector<std::string>& columns) {
  const auto is_column = [&](const std::string& name) { return std::ranges::count(columns, name) > 0; };
  if (!asked) {
    std::vector<std::string> chosen;
    std::ranges::copy_if(usual, std::back_inserter(chosen), is_column);
    return chosen;
  }
  for (const std::string& name : *asked) {
    if (!is_column(name)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: there is no column \"{}\"; there are: {}", what, name, fmt::join(columns, ", ")));
    }
  }
  return *asked;
}

const std::vector<std::string> kUsuallyLeftOut = {"query", "user"};
const std::vector<std::string> kUsuallyNumbers = {"polarity", "id"};

}  // namespace

Result<RowWriter> RowWriter::Create(TextLayout layout) {
  ZEUS_ASSIGN_OR_RETURN(DateFormat dates, DateFormat::Create(layout.date_format));
  RowWriter writer(std::move(layout), std::move(dates));
  if (writer.layout_.format == TextFormat::kCsv) {
    ZEUS_RETURN_IF_ERROR(writer.UseColumns());
  } else if (!writer.layout_.left_out) {
    writer.layout_.left_out = kUsuallyLeftOut;
  }
  const std::vector<std::string>& left_out = *writer.layout_.left_out;
  if (std::ranges::count(left_out, writer.layout_.label) > 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("left-out fields: \"{}\" is the label, which is always written", writer.layout_.label));
  }
  return writer;
}

Result<void> RowWriter::UseColumns() {
  const std::vector<std::string>& names = layout_.columns;
  for (const std::string& name : names) {
    if (!ToText(name, "")) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("columns: the name {} is not UTF-8 text", Shown(name)));
    }
    if (std::ranges::count(names, name) > 1) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("columns: \"{}\" is named twice", name));
    }
  }
  ZEUS_RETURN_IF_ERROR(Choose("label", std::vector{layout_.label}, {}, names));
  ZEUS_RETURN_IF_ERROR(Choose("date", std::vector{layout_.date}, {}, names));
  ZEUS_ASSIGN_OR_RETURN(layout_.left_out, Choose("left-out fields", layout_.left_out, kUsuallyLeftOut, names));
  ZEUS_ASSIGN_OR_RETURN(layout_.numbers, Choose("numbers", layout_.numbers, kUsuallyNumbers, names));
  label_ = static_cast<size_t>(std::ranges::find(names, layout_.label) - names.begin());
  date_ = static_cast<size_t>(std::ranges::find(names, layout_.date) - names.begin());
  for (const std::string& name : names) {
    Column column;
    AppendJsonText(name == layout_.label ? "label" : name, Encoding::kUtf8, &column.key);
    column.key += ':';
    if (std::ranges::count(*layout_.numbers, name) > 0) column.use = Use::kNumber;
    if (std::ranges::count(*layout_.left_out, name) > 0) column.use = Use::kLeftOut;
    const bool is_second_label = name == "label" && name != layout_.label && column.use != Use::kLeftOut;
    if (is_second_label) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("columns: \"label\" is there beside the label \"{}\"; leave one of them out", layout_.label));
    }
    columns_.push_back(std::move(column));
  }
  return {};
}

RowDamage RowWriter::NoDate(size_t offset, std::string_view found) const {
  return {offset, fmt::format("{}: expected a date like {}, found {}", layout_.date, dates_.text(), Shown(found))};
}

std::variant<Time, RowDamage> RowWriter::AppendCsv(std::string_view record, const std::vector<CsvField>& fields,
                                                   std::string* line) const {
  if (fields.size() != columns_.size()) {
    return RowDamage{0, fmt::format("expected {} fields ({}), found {}", columns_.size(),
                                    fmt::join(layout_.columns, ", "), fields.size())};
  }
  if (layout_.encoding == Encoding::kUtf8 && !ToText(std::string(record), "")) {
    return RowDamage{0, "the row is not UTF-8 text"};
  }
  const std::optional<Time> time = dates_.Parse(fields[date_].text);
  if (!time) return NoDate(fields[date_].offset, fields[date_].text);
  if (fields[label_].text.empty()) return RowDamage{fields[label_].offset, layout_.label + ": the label is empty"};
  std::string undoubled;
  char separator = '{';
  for (size_t i = 0; i < fields.size(); ++i) {
    if (columns_[i].use == Use::kLeftOut) continue;
    *line += separator;
    separator = ',';
    *line += columns_[i].key;
    const std::string_view text = Undoubled(fields[i], &undoubled);
    if (columns_[i].use == Use::kText) {
      AppendJsonText(text, layout_.encoding, line);
      continue;
    }
    const std::optional<int64_t> number = ParseInteger(text);
    if (!number) {
      return RowDamage{fields[i].offset,
                       fmt::format("{}: expected a whole number, found {}", layout_.columns[i], Shown(text))};
    }
    fmt::format_to(std::back_inserter(*line), "{}", *number);
  }
  *line += "}\n";
  return *time;
}

std::variant<Time, RowDamage> RowWriter::AppendJson(std::string_view record, std::string* line) const {
  const Result<Json> row = ParseJson(record, "the row");
  if (!row) return RowDamage{0, row.error().message};
  if (!row->is_object())
    return RowDamage{0, fmt::format("expected a JSON object, found {}", Shown(WithoutLineEnd(record)))};
  const auto label = row->find(layout_.label);
  if (label == row->end() || label->is_null()) return RowDamage{0, fmt::format("has no label \"{}\"", layout_.label)};
  const auto date = row->find(layout_.date);
  if (date == row->end()) return RowDamage{0, fmt::format("has no date \"{}\"", layout_.date)};
  // A date may be a number where the format is one.
  const std::string date_text = date->is_string() ? date->get<std::string>() : date->dump();
  const std::optional<Time> time = dates_.Parse(date_text);
  if (!time) return NoDate(0, date_text);
  char separator = '{';
  for (const auto& [name, value] : row->items()) {
    if (std::ranges::count(*layout_.left_out, name) > 0) continue;
    const bool is_label = name == layout_.label;
    if (!is_label && name == "label") {
      return RowDamage{0, fmt::format("has a field \"label\" beside the label \"{}\"", layout_.label)};
    }
    *line += separator;
    separator = ',';
    AppendJsonText(is_label ? std::string_view("label") : std::string_view(name), Encoding::kUtf8, line);
    *line += ':';
    *line += value.dump();
  }
  *line += "}\n";
  return *time;
}

}  // namespace zeus::capriccio
