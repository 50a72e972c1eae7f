#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <limits>

/// What a flag takes, for CLI::Option::transform: all of the text is such a number, written in decimal and within the
/// range, or the program ends with a message that says what was expected. CLI11 alone reads 010 as 8 and -1 as 2^64-1.
namespace zeus {

/// Also "inf" and "nan"; which values make sense is for the flag's user to say.
CLI::Validator NumberText();

CLI::Validator IntegerText();

CLI::Validator CountText(uint64_t largest = std::numeric_limits<uint64_t>::max());

}  // namespace zeus
