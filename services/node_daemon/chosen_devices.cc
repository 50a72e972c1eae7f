#include "services/node_daemon/chosen_devices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "services/node_daemon/answers.h"

namespace zeus {
namespace {

ChosenDevices Parse(const DeviceKind& kind, const std::string& text) {
  auto ids = ParseDeviceIds(kind, text);
  if (!ids) return std::unexpected(ErrorAnswer(400, ids.error()));
  return *std::move(ids);
}

std::vector<uint64_t> Unknown(const std::vector<uint64_t>& ids, const std::vector<uint64_t>& there) {
  std::vector<uint64_t> unknown;
  std::ranges::set_difference(ids, there, std::back_inserter(unknown));
  return unknown;
}

}  // namespace

ChosenDevices ChooseToRead(const DeviceKind& kind, const std::string* text, const std::vector<uint64_t>& there) {
  if (text == nullptr) return there;
  ChosenDevices ids = Parse(kind, *text);
  if (!ids) return ids;
  const std::vector<uint64_t> unknown = Unknown(*ids, there);
  if (unknown.empty()) return ids;
  return std::unexpected(ErrorAnswer(400, fmt::format("{} {} not found", kind.name, unknown.front())));
}

ChosenDevices ChooseToStream(const DeviceKind& kind, const std::string* text, const std::vector<uint64_t>& there) {
  if (text == nullptr) return there;
  ChosenDevices ids = Parse(kind, *text);
  if (!ids) return ids;
  const std::vector<uint64_t> unknown = Unknown(*ids, there);
  if (unknown.empty()) return ids;
  return std::unexpected(ErrorAnswer(400, fmt::format("Unknown {} indices: [{}]. Available: [{}]", kind.name,
                                                      fmt::join(unknown, ", "), fmt::join(there, ", "))));
}

ChosenDevices ChooseToWrite(const DeviceKind& kind, const std::string& text, const std::vector<uint64_t>& there) {
  ChosenDevices ids = Parse(kind, text);
  if (!ids) return ids;
  const std::vector<uint64_t> unknown = Unknown(*ids, there);
  if (unknown.empty()) return ids;
  return std::unexpected(PlainAnswer(400, fmt::format("{} index {} does not exist.", kind.name, unknown.front())));
}

}  // namespace zeus
