#include "zeus/trace/synthetic_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zeus/base/number_text.h"

namespace zeus {
namespace {

std::unexpected<Error> FailField(std::string_view field, std::string_view expected, std::string_view found) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: expected {}, found {}", field, expected, found));
}

}  // namespace

Result<void> RequireAbove(std::string_view field, double value, double bound) {
  if (std::isfinite(value) && value > bound) return {};
  return FailField(field, fmt::format("a number above {}", bound), ShortestTextWhole(value));
}

Result<void> RequireBetween(std::string_view field, double value, double lowest, double highest) {
  if (value >= lowest && value <= highest && std::isfinite(value)) return {};
  return FailField(field, fmt::format("a number from {} to {}", lowest, highest), ShortestTextWhole(value));
}

Result<void> RequireBetween(std::string_view field, int64_t value, int64_t lowest, int64_t highest) {
  if (value >= lowest && value <= highest) return {};
  return FailField(field, fmt::format("a whole number from {} to {}", lowest, highest), fmt::format("{}", value));
}

Result<void> RequireName(std::string_view field, std::string_view value) {
  const bool control = std::ranges::any_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  if (!value.empty() && !control) return {};
  return FailField(field, "a name without control characters", value.empty() ? "nothing" : "some");
}

double RoundToSixDigits(double value) {
  return ParseDouble(fmt::format("{:.6g}", value)).value_or(value);
}

}  // namespace zeus
