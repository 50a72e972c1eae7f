#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <limits>
#include <type_traits>

/// What a flag takes, for CLI::Option::transform: all of the text is such a number, written in decimal and within the
/// range, or the program ends with a message that says what was expected. CLI11 alone reads 010 as 8 and -1 as 2^64-1.
namespace zeus {

/// Also "inf" and "nan"; which values make sense is for the flag's user to say.
CLI::Validator NumberText();

CLI::Validator IntegerText();

CLI::Validator CountText(uint64_t largest = std::numeric_limits<uint64_t>::max());

/// The one of these that fits the type of number a flag takes.
template <class Number>
CLI::Validator TextOf() {
  if constexpr (std::is_floating_point_v<Number>) {
    return NumberText();
  } else if constexpr (std::is_signed_v<Number>) {
    return IntegerText();
  } else {
    return CountText(std::numeric_limits<Number>::max());
  }
}

}  // namespace zeus
