#include "zeus/optimizer/power_limit/make_power_limit_policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "zeus/optimizer/power_limit/just_in_time_policy.h"
#include "zeus/optimizer/power_limit/maximum_policy.h"

namespace zeus {

std::vector<std::string_view> PowerLimitPolicyNames() {
  return {"jit", "max"};
}

Result<std::unique_ptr<PowerLimitPolicy>> MakePowerLimitPolicy(std::string_view name) {
  if (name == "jit") return std::make_unique<JustInTimePolicy>();
  if (name == "max") return std::make_unique<MaximumPolicy>();
  return Fail(ErrorCode::kInvalidArgument, fmt::format("no power-limit policy is named \"{}\"; there are: {}", name,
                                                       fmt::join(PowerLimitPolicyNames(), ", ")));
}

}  // namespace zeus
