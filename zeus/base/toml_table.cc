#include "zeus/base/toml_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace zeus {
namespace {

std::string Expected(std::string_view what, const toml::node& node) {
  std::string_view found;
  switch (node.type()) {
    case toml::node_type::table:
      found = "a table";
      break;
    case toml::node_type::array:
      found = "a list";
      break;
    case toml::node_type::string:
      found = "a text";
      break;
    case toml::node_type::integer:
      found = "a whole number";
      break;
    case toml::node_type::floating_point:
      found = "a number with a decimal point";
      break;
    case toml::node_type::boolean:
      found = "true or false";
      break;
    default:
      found = "a date or time";
      break;
  }
  if (const auto* const text = node.as_string(); text != nullptr && text->get().empty()) found = "an empty text";
  return fmt::format("expected {}, found {}", what, found);
}

// toml++ 3.3 runs into undefined behaviour on some letters beyond ASCII. A text that needs one can write \u00e9.
Result<void> CheckAscii(std::string_view text, std::string_view source) {
  const auto foreign = std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (foreign == text.end()) return {};
  const std::string_view before(text.begin(), foreign);
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return Fail(ErrorCode::kInvalidData,
              fmt::format("{}:{}:{}: expected ASCII alone", source, 1 + std::ranges::count(before, '\n'), column));
}

}  // namespace

Result<toml::table> ParseToml(std::string_view text, std::string_view source) {
  ZEUS_RETURN_IF_ERROR(CheckAscii(text, source));
  // toml++ throws; nothing of ours does.
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    const toml::source_position place = error.source().begin;
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}:{}:{}: {}", source, place.line, place.column, error.description()));
  }
}

std::unexpected<Error> TomlTable::Wrong(std::string_view key, std::string_view problem) const {
  const toml::node* const node = table_.get(key);
  return node == nullptr ? Fail(ErrorCode::kInvalidData, fmt::format("{}: {}{}: {}", source_, prefix_, key, problem))
                         : WrongNode(*node, key, problem);
}

std::unexpected<Error> TomlTable::WrongNode(const toml::node& node, std::string_view key,
                                            std::string_view problem) const {
  const toml::source_position place = node.source().begin;
  return Fail(ErrorCode::kInvalidData,
              fmt::format("{}:{}:{}: {}{}: {}", source_, place.line, place.column, prefix_, key, problem));
}

Result<std::optional<std::string>> TomlTable::TakeText(std::string_view key) {
  const toml::node* const node = Take(key);
  if (node == nullptr) return std::nullopt;
  const auto text = node->value_exact<std::string>();
  if (!text || text->empty()) return WrongNode(*node, key, Expected("a text that is not empty", *node));
  return *text;
}

Result<std::optional<double>> TomlTable::TakeNumber(std::string_view key) {
  const toml::node* const node = Take(key);
  if (node == nullptr) return std::nullopt;
  // A whole number is a number, too.
  const auto number = node->is_number() ? node->value<double>() : std::nullopt;
  if (!number) return WrongNode(*node, key, Expected("a number", *node));
  return *number;
}

Result<std::optional<int64_t>> TomlTable::TakeCount(std::string_view key, int64_t lowest) {
  const toml::node* const node = Take(key);
  if (node == nullptr) return std::nullopt;
  ZEUS_ASSIGN_OR_RETURN(const int64_t count, CountOf(*node, key, lowest));
  return count;
}

Result<std::optional<bool>> TomlTable::TakeFlag(std::string_view key) {
  const toml::node* const node = Take(key);
  if (node == nullptr) return std::nullopt;
  const auto flag = node->value_exact<bool>();
  if (!flag) return WrongNode(*node, key, Expected("true or false", *node));
  return *flag;
}

Result<std::optional<std::vector<int64_t>>> TomlTable::TakeCounts(std::string_view key, int64_t lowest) {
  const toml::node* const node = Take(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* const array = node->as_array();
  if (array == nullptr) return WrongNode(*node, key, Expected("a list of whole numbers", *node));
  std::vector<int64_t> counts;
  for (const toml::node& element : *array) {
    ZEUS_ASSIGN_OR_RETURN(const int64_t count, CountOf(element, key, lowest));
    counts.push_back(count);
  }
  return counts;
}

Result<std::optional<std::vector<std::string>>> TomlTable::TakeTexts(std::string_view key) {
  const toml::node* const node = Take(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* const array = node->as_array();
  if (array == nullptr) return WrongNode(*node, key, Expected("a list of texts", *node));
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return WrongNode(element, key, Expected("a list of texts", element));
    texts.push_back(*text);
  }
  return texts;
}

Result<std::optional<TomlTable>> TomlTable::TakeTable(std::string_view key) {
  const toml::node* const node = Take(key);
  if (node == nullptr) return std::nullopt;
  const toml::table* const table = node->as_table();
  if (table == nullptr) return WrongNode(*node, key, Expected(fmt::format("a table, begun by [{}]", key), *node));
  return TomlTable(*table, source_, fmt::format("{}{}.", prefix_, key));
}

Result<void> TomlTable::CheckNothingElse() const {
  const toml::key* first = nullptr;
  for (const auto& [key, node] : table_) {
    if (known_.contains(std::string(key.str()))) continue;
    if (first == nullptr || key.source().begin < first->source().begin) first = &key;
  }
  if (first == nullptr) return {};
  const toml::source_position place = first->source().begin;
  return Fail(ErrorCode::kInvalidData,
              fmt::format("{}:{}:{}: {}{}: there is no such key; there are: {}", source_, place.line, place.column,
                          prefix_, first->str(), fmt::join(known_, ", ")));
}

const toml::node* TomlTable::Take(std::string_view key) {
  known_.emplace(key);
  return table_.get(key);
}

Result<int64_t> TomlTable::CountOf(const toml::node& node, std::string_view key, int64_t lowest) const {
  const auto number = node.value_exact<int64_t>();
  if (!number) return WrongNode(node, key, Expected("a whole number", node));
  if (*number < lowest)
    return WrongNode(node, key, fmt::format("expected a whole number from {} on, found {}", lowest, *number));
  return *number;
}

}  // namespace zeus
