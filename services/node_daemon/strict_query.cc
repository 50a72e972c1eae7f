#include "services/node_daemon/strict_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "services/node_daemon/answers.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

std::unexpected<http::Response> Wrong(std::string_view what) {
  return std::unexpected(PlainAnswer(400, fmt::format("Query deserialize error: {}", what)));
}

std::string ListOf(std::span<const QueryRule> rules) {
  if (rules.size() == 1) return fmt::format("`{}`", rules[0].name);
  if (rules.size() == 2) return fmt::format("`{}` or `{}`", rules[0].name, rules[1].name);
  std::string list = "one of ";
  for (const QueryRule& rule : rules) list += fmt::format("{}`{}`", &rule == rules.data() ? "" : ", ", rule.name);
  return list;
}

std::expected<uint32_t, std::string_view> ParseNumber(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1) text.remove_prefix(1);
  if (text.empty()) return std::unexpected("cannot parse integer from empty string");
  if (!std::ranges::all_of(text, [](char character) { return character >= '0' && character <= '9'; })) {
    return std::unexpected("invalid digit found in string");
  }
  const std::optional<uint64_t> number =
      ParseUnsigned(text.substr(std::min(text.find_first_not_of('0'), text.size() - 1)));
  if (!number || *number > std::numeric_limits<uint32_t>::max()) {
    return std::unexpected("number too large to fit in target type");
  }
  return static_cast<uint32_t>(*number);
}

}  // namespace

const std::string* QueryValues::Text(std::string_view name) const {
  const Value* const found = Find(name);
  return found == nullptr ? nullptr : &std::get<std::string>(*found);
}

const QueryValues::Value* QueryValues::Find(std::string_view name) const {
  const auto found = std::ranges::find(values_, name, &std::pair<std::string_view, Value>::first);
  return found == values_.end() ? nullptr : &found->second;
}

std::expected<QueryValues, http::Response> ReadQuery(const http::NamedTexts& query, std::span<const QueryRule> rules) {
  QueryValues read;
  read.values_.reserve(rules.size());
  for (const auto& [name, text] : query) {
    const auto rule = std::ranges::find(rules, name, &QueryRule::name);
    if (rule == rules.end()) return Wrong(fmt::format("unknown field `{}`, expected {}", name, ListOf(rules)));
    if (read.Has(name)) return Wrong(fmt::format("duplicate field `{}`", name));
    switch (rule->kind) {
      case QueryRule::Kind::kText:
        read.values_.emplace_back(rule->name, text);
        break;
      case QueryRule::Kind::kFlag:
        if (text != "true" && text != "false") return Wrong("provided string was not `true` or `false`");
        read.values_.emplace_back(rule->name, text == "true");
        break;
      case QueryRule::Kind::kNumber: {
        const auto number = ParseNumber(text);
        if (!number) return Wrong(number.error());
        read.values_.emplace_back(rule->name, *number);
        break;
      }
    }
  }
  for (const QueryRule& rule : rules) {
    if (rule.presence == QueryRule::Presence::kRequired && !read.Has(rule.name)) {
      return Wrong(fmt::format("missing field `{}`", rule.name));
    }
  }
  return read;
}

}  // namespace zeus
