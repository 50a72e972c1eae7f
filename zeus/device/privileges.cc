#include "zeus/device/privileges.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "zeus/base/text_file.h"

namespace zeus {
namespace {

constexpr int kCapSysAdmin = 21;

// The n-th word (from 0) after "KEY:" at the beginning of a line.
std::optional<std::string_view> FindWord(std::string_view text, std::string_view key, int n) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    for (;; --n) {
      const size_t begin = line.find_first_not_of(" \t");
      if (begin == std::string_view::npos) return std::nullopt;
      line.remove_prefix(begin);
      const size_t length = std::min(line.find_first_of(" \t"), line.size());
      if (n == 0) return line.substr(0, length);
      line.remove_prefix(length);
    }
  }
  return std::nullopt;
}

template <class Number>
std::optional<Number> ToNumber(std::optional<std::string_view> word, int base) {
  Number number{};
  if (!word) return std::nullopt;
  const auto [end, error] = std::from_chars(word->data(), word->data() + word->size(), number, base);
  if (error != std::errc() || end != word->data() + word->size()) return std::nullopt;
  return number;
}

}  // namespace

Result<Privileges> ReadPrivileges(const std::filesystem::path& status_file) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(status_file, 1 << 20));
  const auto effective_user = ToNumber<uint64_t>(FindWord(text, "Uid:", 1), 10);
  const auto capabilities = ToNumber<uint64_t>(FindWord(text, "CapEff:", 0), 16);
  if (!effective_user || !capabilities) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: expected a line \"Uid:\" with numbers and a line \"CapEff:\" in hexadecimal",
                            status_file.string()));
  }
  return Privileges{*effective_user == 0, ((*capabilities >> kCapSysAdmin) & 1) != 0};
}

}  // namespace zeus
