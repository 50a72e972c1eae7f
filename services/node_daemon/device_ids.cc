#include "services/node_daemon/device_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "zeus/base/number_text.h"

namespace zeus {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

}  // namespace

std::expected<std::vector<uint64_t>, std::string> ParseDeviceIds(const DeviceKind& kind, std::string_view text) {
  if (Trimmed(text).empty()) {
    return std::unexpected(fmt::format("{} must contain at least one {} index", kind.field, kind.name));
  }
  std::vector<uint64_t> ids;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view piece = Trimmed(text.substr(0, comma));
    if (piece.empty()) return std::unexpected(fmt::format("{} contains an empty {} index", kind.field, kind.name));
    const std::optional<uint64_t> id = ParseUnsigned(piece);
    if (!id) return std::unexpected(fmt::format("Invalid {} index: {}", kind.name, piece));
    ids.push_back(*id);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  std::ranges::sort(ids);
  const auto again = std::ranges::unique(ids);
  ids.erase(again.begin(), again.end());
  return ids;
}

}  // namespace zeus
