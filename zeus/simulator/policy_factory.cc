#include "zeus/simulator/policy_factory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "zeus/optimizer/batch_size/fixed_policy.h"
#include "zeus/simulator/expected_cost.h"

namespace zeus {

Result<void> PolicyFactory::Register(std::string name, BatchSizePolicyMaker make) {
  if (name.empty()) return Fail(ErrorCode::kInvalidArgument, "a batch-size policy needs a name");
  if (const std::vector<std::string> taken = names(); std::ranges::find(taken, name) != taken.end()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("there is a batch-size policy named \"{}\" already; give yours another name", name));
  }
  registered_.push_back({std::move(name), std::move(make)});
  return {};
}

std::vector<std::string> PolicyFactory::names() const {
  const std::vector<std::string_view> built_in = BatchSizePolicyNames();
  std::vector<std::string> names(built_in.begin(), built_in.end());
  names.emplace_back("oracle");
  for (const Registered& registered : registered_) names.push_back(registered.name);
  return names;
}

Result<void> PolicyFactory::CheckNames(const PolicyNames& names) const {
  ZEUS_RETURN_IF_ERROR(MakePowerLimitPolicy(names.power_limit));
  const std::vector<std::string> known = this->names();
  if (std::ranges::find(known, names.batch_size) != known.end()) return {};
  return Fail(ErrorCode::kInvalidArgument, fmt::format("no batch-size policy is named \"{}\"; there are: {}",
                                                       names.batch_size, fmt::join(known, ", ")));
}

Result<Policies> PolicyFactory::Make(const PolicyNames& names, const PolicyOptions& options, const JobTrace& trace,
                                     const CostMetric& metric) const {
  ZEUS_RETURN_IF_ERROR(CheckNames(names));
  Policies policies;
  ZEUS_ASSIGN_OR_RETURN(policies.power_limit, MakePowerLimitPolicy(names.power_limit));
  if (names.batch_size == "oracle") {
    ZEUS_ASSIGN_OR_RETURN(const ExpectedRecurrence best, ExpectOracle(trace, metric));
    policies.batch_size = std::make_unique<FixedPolicy>(
        "oracle", Proposal{.batch_size = best.batch_size, .power_limit = best.power_limit});
    return policies;
  }
  ZEUS_ASSIGN_OR_RETURN(policies.batch_size, MakeBatchSize(names.batch_size, options));
  return policies;
}

Result<std::unique_ptr<BatchSizePolicy>> PolicyFactory::MakeBatchSize(std::string_view name,
                                                                      const PolicyOptions& options) const {
  const auto found = std::ranges::find(registered_, name, &Registered::name);
  return found != registered_.end() ? found->make(options) : MakeBatchSizePolicy(name, options);
}

}  // namespace zeus
