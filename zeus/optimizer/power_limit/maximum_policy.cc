#include "zeus/optimizer/power_limit/maximum_policy.h"

#include <fmt/format.h>

#include "zeus/optimizer/beliefs_json.h"
#include "zeus/optimizer/power_limit/check_power_limit_cost.h"

namespace zeus {

Result<JobId> MaximumPolicy::RegisterJob(const JobIdentity& job, const KnobSpace& space) {
  for (const BatchSizeChoice& choice : space.choices()) {
    if (!choice.power_limits.empty()) continue;
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the max policy must know the power limits beforehand; batch size {} has none", choice.batch_size));
  }
  return jobs_.Register(job, space, []() -> Result<Nothing> { return Nothing{}; });
}

Result<std::optional<Watts>> MaximumPolicy::Predict(JobId job, int64_t batch_size) {
  ZEUS_ASSIGN_OR_RETURN(const auto* const entry, jobs_.Find(job));
  const std::optional<size_t> position = entry->space.Find(batch_size);
  if (!position) return FailUnknownBatchSize(batch_size, entry->space);
  return entry->space.choices()[*position].power_limits.back();
}

Result<void> MaximumPolicy::Observe(JobId job, int64_t batch_size, const PowerLimitCost& observation) {
  ZEUS_ASSIGN_OR_RETURN(const auto* const entry, jobs_.Find(job));
  if (!entry->space.Find(batch_size)) return FailUnknownBatchSize(batch_size, entry->space);
  return CheckPowerLimitCost(observation);
}

Result<std::string> MaximumPolicy::SaveBeliefs() const {
  return SaveJobs(name(), Json::object(), jobs_, [](const auto&) { return Json::object(); });
}

Result<void> MaximumPolicy::LoadBeliefs(std::string_view json) {
  ZEUS_ASSIGN_OR_RETURN(jobs_, LoadJobs<Nothing>(json, name(), Json::object(),
                                                 [](const JsonPlace&, const JobIdentity&,
                                                    const KnobSpace&) -> Result<Nothing> { return Nothing{}; }));
  return {};
}

}  // namespace zeus
