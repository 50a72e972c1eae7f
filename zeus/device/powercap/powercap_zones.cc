#include "zeus/device/powercap/powercap_zones.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

#include "zeus/base/number_text.h"

namespace zeus::powercap {
namespace {

using std::filesystem::path;

constexpr std::string_view kControlType = "intel-rapl";

/// Adds the folders in `folder` that are named `prefix` and a number; one that is there already stays.
Result<void> AddZones(const path& folder, const std::string& prefix, std::map<int, path>& zones) {
  std::error_code error;
  auto entry = std::filesystem::directory_iterator(folder, error);
  for (; !error && entry != std::filesystem::end(entry); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const std::optional<uint64_t> number = ParseUnsigned(std::string_view(name).substr(prefix.size()));
    if (!number || *number > static_cast<uint64_t>(std::numeric_limits<int>::max())) continue;
    zones.emplace(static_cast<int>(*number), entry->path());
  }
  if (!error) return {};
  const bool denied = error == std::errc::permission_denied;
  return Fail(denied ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
              fmt::format("{}: cannot be listed: {}", folder.string(), error.message()));
}

std::vector<Zone> ToZones(const std::map<int, path>& zones) {
  std::vector<Zone> list;
  for (const auto& [number, folder] : zones) list.push_back({number, folder});
  return list;
}

}  // namespace

Result<path> FindRaplFolder(const path& root) {
  const path places[] = {root / "zeus_sys/class/powercap" / kControlType, root / "sys/class/powercap" / kControlType};
  for (const path& place : places) {
    std::error_code error;
    if (std::filesystem::is_directory(place, error)) return place;
  }
  return Fail(
      ErrorCode::kNotFound,
      fmt::format("no RAPL: expected the folder {} or {}; it needs Linux on a processor by Intel (since 2011) or "
                  "AMD (since 2017), not a virtual machine, and the kernel module intel_rapl_msr",
                  places[1].string(), places[0].string()));
}

Result<std::vector<Zone>> ListZones(const path& rapl_folder) {
  const std::string prefix = fmt::format("{}:", kControlType);
  std::map<int, path> zones;
  ZEUS_RETURN_IF_ERROR(AddZones(rapl_folder, prefix, zones));
  if (zones.empty()) ZEUS_RETURN_IF_ERROR(AddZones(rapl_folder.parent_path(), prefix, zones));
  return ToZones(zones);
}

Result<std::vector<Zone>> ListSubzones(const Zone& package) {
  const std::string prefix = fmt::format("{}:{}:", kControlType, package.number);
  std::map<int, path> zones;
  ZEUS_RETURN_IF_ERROR(AddZones(package.folder, prefix, zones));
  if (zones.empty()) ZEUS_RETURN_IF_ERROR(AddZones(package.folder.parent_path(), prefix, zones));
  return ToZones(zones);
}

}  // namespace zeus::powercap
