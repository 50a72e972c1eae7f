#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zeus {

/// The shortest text that reads back as the same double, with ".0" after a whole number: 0.1, 2.0, 1e-05, inf, nan.
/// Independent of the locale.
std::string ShortestText(double value);

/// The same without ".0": for columns whose values are whole by nature, such as power limits in watts.
std::string ShortestTextWhole(double value);

/// Reads all of `text` as a number, independent of the locale: nullopt when any of it is something else, or when it
/// does not fit. ParseDouble also takes "inf", "infinity" and "nan", in any case, with a sign.
std::optional<double> ParseDouble(std::string_view text);
std::optional<int64_t> ParseInteger(std::string_view text);
std::optional<uint64_t> ParseUnsigned(std::string_view text);

}  // namespace zeus
