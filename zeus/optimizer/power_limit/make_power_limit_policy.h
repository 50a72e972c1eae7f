#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "zeus/optimizer/power_limit/power_limit_policy.h"

namespace zeus {

inline constexpr std::string_view kDefaultPowerLimitPolicy = "jit";

/// "jit", "max".
std::vector<std::string_view> PowerLimitPolicyNames();

/// A fresh policy; kInvalidArgument for an unknown name, with the list of names.
Result<std::unique_ptr<PowerLimitPolicy>> MakePowerLimitPolicy(std::string_view name);

}  // namespace zeus
