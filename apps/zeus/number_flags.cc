#include "apps/zeus/number_flags.h"

#include <fmt/format.h>

#include <optional>

#include "zeus/base/number_text.h"

namespace zeus {

CLI::Validator NumberText() {
  return {[](std::string& text) {
            return ParseDouble(text) ? std::string() : fmt::format("expected a number, found \"{}\"", text);
          },
          ""};
}

CLI::Validator IntegerText() {
  return {[](std::string& text) {
            const std::optional<int64_t> number = ParseInteger(text);
            if (!number) return fmt::format("expected a whole number, found \"{}\"", text);
            text = std::to_string(*number);  // Without leading zeros, which CLI11 takes for octal.
            return std::string();
          },
          ""};
}

CLI::Validator CountText(uint64_t largest) {
  return {[largest](std::string& text) {
            const std::optional<uint64_t> number = ParseUnsigned(text);
            if (!number || *number > largest) {
              return fmt::format("expected a whole number from 0 to {}, found \"{}\"", largest, text);
            }
            text = std::to_string(*number);
            return std::string();
          },
          ""};
}

}  // namespace zeus
