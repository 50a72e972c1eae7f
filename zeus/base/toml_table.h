#pragma once

#ifndef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#endif
#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"

/// Reading TOML that people write. For `.cc` files only.
namespace zeus {

/// Parses a document; errors name `source`, line and column. ASCII alone.
Result<toml::table> ParseToml(std::string_view text, std::string_view source);

/// Takes the keys of a table and knows which nobody asked for. Every Take gives nullopt where the key is absent, and an
/// error with the key's place where its value is of another kind.
class TomlTable {
 public:
  /// `table` outlives it; `prefix` comes before its keys in errors: "run.".
  TomlTable(const toml::table& table, std::string_view source, std::string prefix)
      : table_(table), source_(source), prefix_(std::move(prefix)) {}

  [[nodiscard]] std::unexpected<Error> Wrong(std::string_view key, std::string_view problem) const;

  Result<std::optional<std::string>> TakeText(std::string_view key);  ///< Not empty.
  Result<std::optional<double>> TakeNumber(std::string_view key);     ///< Whole ones, too.
  Result<std::optional<int64_t>> TakeCount(std::string_view key, int64_t lowest);
  Result<std::optional<bool>> TakeFlag(std::string_view key);
  Result<std::optional<std::vector<int64_t>>> TakeCounts(std::string_view key, int64_t lowest);
  Result<std::optional<std::vector<std::string>>> TakeTexts(std::string_view key);
  Result<std::optional<TomlTable>> TakeTable(std::string_view key);

  /// An error for the first key, in the order of the file, that was never asked for.
  [[nodiscard]] Result<void> CheckNothingElse() const;

 private:
  [[nodiscard]] const toml::node* Take(std::string_view key);
  [[nodiscard]] std::unexpected<Error> WrongNode(const toml::node& node, std::string_view key,
                                                 std::string_view problem) const;
  [[nodiscard]] Result<int64_t> CountOf(const toml::node& node, std::string_view key, int64_t lowest) const;

  const toml::table& table_;
  std::string source_;
  std::string prefix_;
  std::set<std::string> known_;
};

/// What a Take gave, or an error for a key that has to be there.
template <class Value>
Result<Value> NeedKey(const TomlTable& table, std::string_view key, Result<std::optional<Value>> taken) {
  if (!taken) return std::unexpected(std::move(taken).error());
  if (!*taken) return table.Wrong(key, "is missing");
  return **std::move(taken);
}

}  // namespace zeus
