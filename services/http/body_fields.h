#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/http/message.h"
#include "zeus/base/json_fields.h"

/// Reading a request's JSON body field by field. For `.cc` files only.
namespace zeus::http {

/// Collects everything that is wrong with a body, so that a client hears of it at once. Lenient where the published
/// servers are: unknown fields are ignored, "12" and 12.0 are whole numbers, 12 is a text. Never NaN or infinite.
///
/// A getter that finds a problem notes it and returns a value of no meaning; ask ok() before using any.
class BodyFields {
 public:
  /// A body that is no JSON object has that one problem.
  explicit BodyFields(std::string_view body);

  std::string Text(std::string_view name, std::optional<std::string> fallback = {});
  int64_t Integer(std::string_view name, std::optional<int64_t> fallback = {});
  double Number(std::string_view name, std::optional<double> fallback = {});
  bool Boolean(std::string_view name, std::optional<bool> fallback = {});
  std::vector<int64_t> Integers(std::string_view name);

  /// Whether the field is there and null.
  [[nodiscard]] bool IsNull(std::string_view name) const;
  [[nodiscard]] bool IsThere(std::string_view name) const { return Find(name) != nullptr; }

  void AddProblem(std::string_view field, std::string_view message, std::string_view type = "value_error");
  [[nodiscard]] bool ok() const { return problems_.empty(); }

  /// 422 with {"detail": [{"loc": ["body", field], "msg": ..., "type": ...}]}, as FastAPI answers. Precondition: !ok().
  [[nodiscard]] Response Refusal() const;

 private:
  [[nodiscard]] const Json* Find(std::string_view name) const;
  // The field's value; null after noting what is wrong, or where the fallback holds.
  const Json* Take(std::string_view name, bool has_fallback);

  Json body_;
  Json problems_ = Json::array();
};

}  // namespace zeus::http
