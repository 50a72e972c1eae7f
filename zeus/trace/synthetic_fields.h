#pragma once

#include <cstdint>
#include <string_view>

#include "zeus/base/result.h"

namespace zeus {

/// Checks of parameters given by people: kInvalidArgument, beginning with the parameter's name and a colon.
/// Infinities and NaN never pass.
Result<void> RequireAbove(std::string_view field, double value, double bound);
Result<void> RequireBetween(std::string_view field, double value, double lowest, double highest);
Result<void> RequireBetween(std::string_view field, int64_t value, int64_t lowest, int64_t highest);

/// A name that may stand in a trace: not empty and without control characters.
Result<void> RequireName(std::string_view field, std::string_view value);

/// To six significant digits. What differs between machines' mathematical libraries goes away, and so does a precision
/// that nobody could have measured.
double RoundToSixDigits(double value);

}  // namespace zeus
