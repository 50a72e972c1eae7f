#include "zeus/base/number_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace zeus {
namespace {

template <class Number>
std::optional<Number> ParseAll(std::string_view text) {
  // from_chars takes no leading '+', which people and spreadsheets write.
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Whole, and short enough to be written without an exponent: most are, and need not be searched for their shortest
// text.
bool IsPlainWhole(double value) {
  constexpr double kLeastWithExponent = 1e15;
  if (!(std::abs(value) < kLeastWithExponent)) return false;
  return value == 0 ? !std::signbit(value) : value == std::trunc(value);
}

}  // namespace

std::string ShortestTextWhole(double value) {
  if (IsPlainWhole(value)) return fmt::format_int(static_cast<int64_t>(value)).str();
  return fmt::format(FMT_STRING("{}"), value);
}

std::string ShortestText(double value) {
  std::string text = ShortestTextWhole(value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::optional<double> ParseDouble(std::string_view text) {
  return ParseAll<double>(text);
}
std::optional<int64_t> ParseInteger(std::string_view text) {
  return ParseAll<int64_t>(text);
}
std::optional<uint64_t> ParseUnsigned(std::string_view text) {
  return ParseAll<uint64_t>(text);
}

}  // namespace zeus
