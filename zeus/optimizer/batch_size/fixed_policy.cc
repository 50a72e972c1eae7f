#include "zeus/optimizer/batch_size/fixed_policy.h"

#include "zeus/optimizer/batch_size/check_observation.h"
#include "zeus/optimizer/beliefs_json.h"

namespace zeus {

Result<JobId> FixedPolicy::RegisterJob(const JobIdentity& job, const KnobSpace& space) {
  if (proposal_ && !space.Find(proposal_->batch_size)) return FailUnknownBatchSize(proposal_->batch_size, space);
  return jobs_.Register(job, space, []() -> Result<Nothing> { return Nothing{}; });
}

Result<Proposal> FixedPolicy::Predict(JobId job) {
  ZEUS_ASSIGN_OR_RETURN(const auto* const entry, jobs_.Find(job));
  return proposal_.value_or(Proposal{.batch_size = entry->identity.default_batch_size, .power_limit = {}});
}

Result<void> FixedPolicy::Observe(JobId job, const Observation& observation) {
  ZEUS_ASSIGN_OR_RETURN(const auto* const entry, jobs_.Find(job));
  ZEUS_RETURN_IF_ERROR(CheckObservation(observation, entry->space));
  return {};
}

Result<std::string> FixedPolicy::SaveBeliefs() const {
  return SaveJobs(name_, Json::object(), jobs_, [](const auto&) { return Json::object(); });
}

Result<void> FixedPolicy::LoadBeliefs(std::string_view json) {
  ZEUS_ASSIGN_OR_RETURN(jobs_, LoadJobs<Nothing>(json, name_, Json::object(),
                                                 [](const JsonPlace&, const JobIdentity&,
                                                    const KnobSpace&) -> Result<Nothing> { return Nothing{}; }));
  return {};
}

}  // namespace zeus
