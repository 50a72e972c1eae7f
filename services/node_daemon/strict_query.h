#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "services/http/message.h"

namespace zeus {

/// A field that a route takes in its query.
struct QueryRule {
  enum class Kind { kText, kFlag, kNumber };
  enum class Presence { kRequired, kOptional };

  std::string_view name;
  Kind kind = Kind::kText;
  Presence presence = Presence::kRequired;
};

/// The fields that came in, each of its rule's kind.
class QueryValues {
 public:
  /// Null where it is absent.
  [[nodiscard]] const std::string* Text(std::string_view name) const;
  [[nodiscard]] bool Has(std::string_view name) const { return Find(name) != nullptr; }
  /// Preconditions: it is there, and of that kind.
  [[nodiscard]] bool Flag(std::string_view name) const { return std::get<bool>(*Find(name)); }
  [[nodiscard]] uint32_t Number(std::string_view name) const { return std::get<uint32_t>(*Find(name)); }

 private:
  friend std::expected<QueryValues, http::Response> ReadQuery(const http::NamedTexts& query,
                                                              std::span<const QueryRule> rules);
  using Value = std::variant<std::string, bool, uint32_t>;

  [[nodiscard]] const Value* Find(std::string_view name) const;

  std::vector<std::pair<std::string_view, Value>> values_;  // A handful.
};

/// What a query says, or the published 400 for the first thing that is wrong in it: a field that no rule names, one
/// that comes twice, a flag that is not "true" or "false", a number that is none of 32 bits; then, what is missing. The
/// rules' names must outlive the values.
std::expected<QueryValues, http::Response> ReadQuery(const http::NamedTexts& query, std::span<const QueryRule> rules);

}  // namespace zeus
