#include "services/node_daemon/api_group.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace zeus {

const char* ApiGroupName(ApiGroup group) {
  switch (group) {
    case ApiGroup::kGpuControl:
      return "gpu-control";
    case ApiGroup::kGpuRead:
      return "gpu-read";
    case ApiGroup::kCpuRead:
      return "cpu-read";
  }
  return "";
}

std::vector<std::string> ApiGroupNames() {
  std::vector<std::string> names;
  for (const ApiGroup group : kAllApiGroups) names.emplace_back(ApiGroupName(group));
  return names;
}

Result<ApiGroup> ParseApiGroup(std::string_view name) {
  for (const ApiGroup group : kAllApiGroups) {
    if (name == ApiGroupName(group)) return group;
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("expected some of {}, found \"{}\"", fmt::join(ApiGroupNames(), ", "), name));
}

std::optional<ApiGroup> ApiGroupOf(const std::vector<std::string>& path_segments) {
  if (!path_segments.empty() && path_segments[0] == "leases") return ApiGroup::kGpuControl;
  if (path_segments.size() < 2) return std::nullopt;
  if (path_segments[0] == "cpu") return ApiGroup::kCpuRead;
  if (path_segments[0] != "gpu") return std::nullopt;
  const std::string& name = path_segments[1];
  return name.starts_with("set_") || name.starts_with("reset_") ? ApiGroup::kGpuControl : ApiGroup::kGpuRead;
}

}  // namespace zeus
