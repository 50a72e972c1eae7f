#include "zeus/base/json_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "zeus/base/number_text.h"

namespace zeus {
namespace {

// Documents of ours nest to about ten. What walks over a document calls itself once a level, so that a deep one would
// exhaust the stack.
constexpr size_t kMaxDepth = 100;

// The byte that opens a level too deep, counted from 1; 0 when none does.
size_t FindTooDeep(std::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return i + 1;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return 0;
}

}  // namespace

Result<Json> ParseJson(std::string_view text, std::string_view source) {
  if (const size_t byte = FindTooDeep(text); byte != 0) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: the JSON nests deeper than {} levels at byte {}", source, kMaxDepth, byte));
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: not valid JSON at byte {} of {}", source, error.byte, text.size()));
  } catch (const Json::out_of_range&) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: the JSON holds a number too large for a double", source));
  }
}

Json NumberToJson(double value) {
  return std::isfinite(value) ? Json(value) : Json(ShortestText(value));
}

Json NumbersToJson(std::span<const double> values) {
  Json array = Json::array();
  for (const double value : values) array.push_back(NumberToJson(value));
  return array;
}

std::unexpected<Error> JsonPlace::Expected(std::string_view what) const {
  std::string found = json_->dump(-1, ' ', false, Json::error_handler_t::replace);
  if (found.size() > 60) found = std::string(json_->type_name());
  return Fail(ErrorCode::kInvalidData, fmt::format("{}: expected {}, found {}", path_, what, found));
}

Result<std::optional<JsonPlace>> JsonPlace::OptionalField(std::string_view name) const {
  if (!json_->is_object()) return Expected("an object");
  const auto found = json_->find(name);
  if (found == json_->end() || found->is_null()) return std::nullopt;
  return JsonPlace(*found, fmt::format("{}.{}", path_, name));
}

Result<JsonPlace> JsonPlace::Field(std::string_view name) const {
  ZEUS_ASSIGN_OR_RETURN(std::optional<JsonPlace> field, OptionalField(name));
  if (!field) return Fail(ErrorCode::kInvalidData, fmt::format("{}: has no field \"{}\"", path_, name));
  return *std::move(field);
}

Result<std::vector<JsonPlace>> JsonPlace::Elements() const {
  if (!json_->is_array()) return Expected("an array");
  std::vector<JsonPlace> elements;
  elements.reserve(json_->size());
  for (const Json& element : *json_) elements.emplace_back(element, fmt::format("{}[{}]", path_, elements.size()));
  return elements;
}

Result<double> JsonPlace::Number() const {
  if (json_->is_number()) return json_->get<double>();
  if (json_->is_string()) {
    const auto& text = json_->get_ref<const std::string&>();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  }
  return Expected("a number");
}

Result<int64_t> JsonPlace::Integer() const {
  const bool too_large = json_->is_number_unsigned() && json_->get<uint64_t>() > INT64_MAX;
  if (!json_->is_number_integer() || too_large) return Expected("a whole number");
  return json_->get<int64_t>();
}

Result<bool> JsonPlace::Boolean() const {
  if (!json_->is_boolean()) return Expected("true or false");
  return json_->get<bool>();
}

Result<std::string> JsonPlace::Text() const {
  if (!json_->is_string()) return Expected("a text");
  return json_->get<std::string>();
}

Result<std::vector<double>> JsonPlace::Numbers() const {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, Elements());
  std::vector<double> numbers;
  numbers.reserve(elements.size());
  for (const JsonPlace& element : elements) {
    ZEUS_ASSIGN_OR_RETURN(const double number, element.Number());
    numbers.push_back(number);
  }
  return numbers;
}

Result<std::vector<int64_t>> JsonPlace::Integers() const {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, Elements());
  std::vector<int64_t> numbers;
  numbers.reserve(elements.size());
  for (const JsonPlace& element : elements) {
    ZEUS_ASSIGN_OR_RETURN(const int64_t number, element.Integer());
    numbers.push_back(number);
  }
  return numbers;
}

Result<void> CheckFormat(const JsonPlace& document, std::string_view format, int64_t version) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace format_field, document.Field("format"));
  ZEUS_ASSIGN_OR_RETURN(const std::string found_format, format_field.Text());
  if (found_format != format) return format_field.Expected(fmt::format("\"{}\"", format));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace version_field, document.Field("version"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t found_version, version_field.Integer());
  if (found_version != version) {
    return version_field.Expected(fmt::format("version {}, the one this program writes and reads", version));
  }
  return {};
}

}  // namespace zeus
