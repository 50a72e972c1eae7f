#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

/// Damaged versions of a saved JSON document, for tests of what loads it.
namespace zeus::testing {

struct Damage {
  std::string path;                 ///< Where, for a failing test's message.
  std::string field;                ///< The name of the field that was changed.
  std::string parent;               ///< The name of the field that holds it; empty at the top.
  std::string text;                 ///< The document with the change.
  nlohmann::ordered_json original;  ///< What stood there.
};

namespace internal {

using OrderedJson = nlohmann::ordered_json;

// Calls visit(pointer, field, parent) for every field of an object, at any depth; of an array, for its first and last
// element, because the ones between are read by the same code.
template <class Visit>
void VisitFields(const OrderedJson& json, const OrderedJson::json_pointer& at, const std::string& name, Visit visit) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      visit(at / key, key, name);
      VisitFields(value, at / key, key, visit);
    }
  } else if (json.is_array() && !json.empty()) {
    VisitFields(json.front(), at / size_t{0}, name, visit);
    if (json.size() > 1) VisitFields(json.back(), at / (json.size() - 1), name, visit);
  }
}

}  // namespace internal

/// One document for each field of `text`, without that field.
inline std::vector<Damage> WithoutEachField(std::string_view text) {
  const auto document = internal::OrderedJson::parse(text);
  std::vector<Damage> all;
  internal::VisitFields(
      document, internal::OrderedJson::json_pointer(), "",
      [&](const internal::OrderedJson::json_pointer& at, const std::string& field, const std::string& parent) {
        auto damaged = document;
        damaged[at.parent_pointer()].erase(field);
        all.push_back({at.to_string(), field, parent, damaged.dump(), document[at]});
      });
  return all;
}

/// One document for each field of `text`, with `value` in its place.
inline std::vector<Damage> WithEachFieldReplaced(std::string_view text, const nlohmann::ordered_json& value) {
  const auto document = internal::OrderedJson::parse(text);
  std::vector<Damage> all;
  internal::VisitFields(
      document, internal::OrderedJson::json_pointer(), "",
      [&](const internal::OrderedJson::json_pointer& at, const std::string& field, const std::string& parent) {
        auto damaged = document;
        damaged[at] = value;
        all.push_back({at.to_string(), field, parent, damaged.dump(), document[at]});
      });
  return all;
}

/// Beginnings of `text` that end before its last brace does: nothing, one byte, and about 40 more.
inline std::vector<std::string> Truncations(std::string_view text) {
  const size_t end = text.find_last_of('}');
  std::vector<std::string> all = {"", std::string(text.substr(0, 1))};
  for (size_t i = 1; i <= 40; ++i) all.emplace_back(text.substr(0, end * i / 40));
  return all;
}

}  // namespace zeus::testing
