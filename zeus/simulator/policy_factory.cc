#include "zeus/simulator/policy_factory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "zeus/optimizer/batch_size/fixed_policy.h"
#include "zeus/simulator/expected_cost.h"

namespace zeus {

std::vector<std::string> PolicyFactory::names() const {
  const std::vector<std::string_view> built_in = BatchSizePolicyNames();
  std::vector<std::string> names(built_in.begin(), built_in.end());
  names.emplace_back("oracle");
  return names;
}

Result<Policies> PolicyFactory::Make(const PolicyNames& names, const PolicyOptions& options, const JobTrace& trace,
                                     const CostMetric& metric) const {
  Policies policies;
  ZEUS_ASSIGN_OR_RETURN(policies.power_limit, MakePowerLimitPolicy(names.power_limit));
  if (names.batch_size == "oracle") {
    ZEUS_ASSIGN_OR_RETURN(const ExpectedRecurrence best, ExpectOracle(trace, metric));
    policies.batch_size = std::make_unique<FixedPolicy>(
        "oracle", Proposal{.batch_size = best.batch_size, .power_limit = best.power_limit});
    return policies;
  }
  const std::vector<std::string> known = this->names();
  if (std::ranges::find(known, names.batch_size) == known.end()) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("no batch-size policy is named \"{}\"; there are: {}",
                                                         names.batch_size, fmt::join(known, ", ")));
  }
  ZEUS_ASSIGN_OR_RETURN(policies.batch_size, MakeBatchSizePolicy(names.batch_size, options));
  return policies;
}

}  // namespace zeus
