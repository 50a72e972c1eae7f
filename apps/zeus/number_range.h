#pragma once

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "zeus/base/number_text.h"

namespace zeus {

/// For CLI::Option::transform: all of the text is a number from `least` to `most`. "nan" is none, which CLI::Range
/// takes.
inline CLI::Validator NumberFrom(double least, double most) {
  return {[least, most](std::string& text) {
            const std::optional<double> number = ParseDouble(text);
            if (number && *number >= least && *number <= most) return std::string();
            return fmt::format("expected a number from {:g} to {:g}, found \"{}\"", least, most, text);
          },
          ""};
}

}  // namespace zeus
