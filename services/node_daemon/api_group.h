#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// What a node daemon can be asked for, as a whole enabled or not. Each is also a token's scope.
enum class ApiGroup { kGpuControl, kGpuRead, kCpuRead };

inline constexpr std::array kAllApiGroups = {ApiGroup::kGpuControl, ApiGroup::kGpuRead, ApiGroup::kCpuRead};

/// "gpu-control", "gpu-read", "cpu-read".
const char* ApiGroupName(ApiGroup group);
std::vector<std::string> ApiGroupNames();

/// kInvalidArgument names those that there are.
Result<ApiGroup> ParseApiGroup(std::string_view name);

/// The group that a path belongs to, whether there is such a route or not.
std::optional<ApiGroup> ApiGroupOf(const std::vector<std::string>& path_segments);

}  // namespace zeus
