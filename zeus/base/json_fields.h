#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"

/// Reading JSON that somebody else may have damaged. For `.cc` files only: public headers pass JSON as text.
namespace zeus {

using Json = nlohmann::ordered_json;

/// Parses a document; errors name `source` and give the byte where it went wrong. Refuses one nested too deeply.
Result<Json> ParseJson(std::string_view text, std::string_view source);

/// A double as JSON. JSON has no infinities and no NaN: they become the texts "inf", "-inf", "nan".
Json NumberToJson(double value);
Json NumbersToJson(std::span<const double> values);

/// A place in a document, with the path that led there ("jobs[0].mean"), so that every error says where.
class JsonPlace {
 public:
  JsonPlace(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Json& json() const { return *json_; }

  [[nodiscard]] Result<JsonPlace> Field(std::string_view name) const;
  /// The field, or nullopt where it is absent or null.
  [[nodiscard]] Result<std::optional<JsonPlace>> OptionalField(std::string_view name) const;
  [[nodiscard]] Result<std::vector<JsonPlace>> Elements() const;

  [[nodiscard]] Result<double> Number() const;  ///< Also the texts that NumberToJson writes.
  [[nodiscard]] Result<int64_t> Integer() const;
  [[nodiscard]] Result<bool> Boolean() const;
  [[nodiscard]] Result<std::string> Text() const;
  [[nodiscard]] Result<std::vector<double>> Numbers() const;
  [[nodiscard]] Result<std::vector<int64_t>> Integers() const;

  /// "PATH: expected WHAT, found ...".
  [[nodiscard]] std::unexpected<Error> Expected(std::string_view what) const;

 private:
  const Json* json_;
  std::string path_;
};

/// The document's "format" and "version" are these; otherwise the error says what was expected and what was found.
Result<void> CheckFormat(const JsonPlace& document, std::string_view format, int64_t version);

}  // namespace zeus
