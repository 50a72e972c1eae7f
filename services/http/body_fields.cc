#include "services/http/body_fields.h"

#include <algorithm>
#include <cmath>

#include "zeus/base/number_text.h"

namespace zeus::http {
namespace {

// Past it, a double no longer holds each whole number.
constexpr double kLargestWhole = 9007199254740992.0;

std::optional<double> ToNumber(const Json& json) {
  std::optional<double> number;
  if (json.is_number()) number = json.get<double>();
  if (json.is_string()) {
    if (const std::optional<double> parsed = ParseDouble(json.get_ref<const std::string&>())) number = *parsed;
  }
  if (!number || !std::isfinite(*number)) return std::nullopt;
  return number;
}

std::optional<int64_t> ToInteger(const Json& json) {
  if (json.is_number_integer()) {
    if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX) return std::nullopt;
    return json.get<int64_t>();
  }
  if (json.is_string()) {
    if (const std::optional<int64_t> parsed = ParseInteger(json.get_ref<const std::string&>())) return *parsed;
    return std::nullopt;
  }
  const std::optional<double> number = ToNumber(json);
  if (!number || *number != std::floor(*number) || std::abs(*number) > kLargestWhole) return std::nullopt;
  return static_cast<int64_t>(*number);
}

}  // namespace

BodyFields::BodyFields(std::string_view body) {
  Result<Json> parsed = ParseJson(body, "body");
  if (!parsed) {
    problems_.push_back({{"loc", {"body"}}, {"msg", parsed.error().message}, {"type", "value_error.jsondecode"}});
  } else if (!parsed->is_object()) {
    problems_.push_back({{"loc", {"body"}}, {"msg", "value is not a valid dict"}, {"type", "type_error.dict"}});
  } else {
    body_ = *std::move(parsed);
  }
}

const Json* BodyFields::Find(std::string_view name) const {
  if (!body_.is_object()) return nullptr;
  const auto found = body_.find(name);
  return found == body_.end() ? nullptr : &*found;
}

bool BodyFields::IsNull(std::string_view name) const {
  const Json* const field = Find(name);
  return field != nullptr && field->is_null();
}

void BodyFields::AddProblem(std::string_view field, std::string_view message, std::string_view type) {
  problems_.push_back({{"loc", {"body", field}}, {"msg", message}, {"type", type}});
}

const Json* BodyFields::Take(std::string_view name, bool has_fallback) {
  if (!body_.is_object()) return nullptr;
  const Json* const field = Find(name);
  if (field == nullptr) {
    if (!has_fallback) AddProblem(name, "field required", "value_error.missing");
    return nullptr;
  }
  if (field->is_null()) {
    AddProblem(name, "none is not an allowed value", "type_error.none.not_allowed");
    return nullptr;
  }
  return field;
}

std::string BodyFields::Text(std::string_view name, std::optional<std::string> fallback) {
  const Json* const field = Take(name, fallback.has_value());
  if (field == nullptr) return std::move(fallback).value_or("");
  if (field->is_number()) return field->dump();
  if (!field->is_string()) {
    AddProblem(name, "str type expected", "type_error.str");
    return {};
  }
  auto text = field->get<std::string>();
  if (text.find('\0') != std::string::npos) AddProblem(name, "a text without NUL expected");
  return text;
}

int64_t BodyFields::Integer(std::string_view name, std::optional<int64_t> fallback) {
  const Json* const field = Take(name, fallback.has_value());
  if (field == nullptr) return fallback.value_or(0);
  const std::optional<int64_t> integer = ToInteger(*field);
  if (!integer) AddProblem(name, "value is not a valid integer", "type_error.integer");
  return integer.value_or(0);
}

double BodyFields::Number(std::string_view name, std::optional<double> fallback) {
  const Json* const field = Take(name, fallback.has_value());
  if (field == nullptr) return fallback.value_or(0);
  const std::optional<double> number = ToNumber(*field);
  if (!number) AddProblem(name, "value is not a valid float", "type_error.float");
  return number.value_or(0);
}

bool BodyFields::Boolean(std::string_view name, std::optional<bool> fallback) {
  const Json* const field = Take(name, fallback.has_value());
  if (field == nullptr) return fallback.value_or(false);
  if (field->is_boolean()) return field->get<bool>();
  const std::string text = field->is_string() ? field->get<std::string>() : field->dump();
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  AddProblem(name, "value could not be parsed to a boolean", "type_error.bool");
  return false;
}

std::vector<int64_t> BodyFields::Integers(std::string_view name) {
  const Json* const field = Take(name, false);
  if (field == nullptr) return {};
  std::vector<int64_t> integers;
  if (!field->is_array()) AddProblem(name, "value is not a valid list", "type_error.list");
  for (const Json& element : field->is_array() ? *field : Json::array()) {
    const std::optional<int64_t> integer = ToInteger(element);
    if (!integer) {
      AddProblem(name, "value is not a valid integer", "type_error.integer");
      return {};
    }
    integers.push_back(*integer);
  }
  return integers;
}

Response BodyFields::Refusal() const {
  const Json detail = {{"detail", problems_}};
  return {.status = 422, .body = detail.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace zeus::http
