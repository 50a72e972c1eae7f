#include "zeus/optimizer/batch_size/thompson_policy.h"

#include <algorithm>

#include "zeus/optimizer/batch_size/bandit_json.h"
#include "zeus/optimizer/batch_size/check_observation.h"
#include "zeus/optimizer/batch_size/explain_bandit.h"

namespace zeus {
namespace {

Json Options(const PolicyOptions& options, const BanditOptions& bandit) {
  Json json;
  json["seed"] = options.seed;
  json["window"] = options.window;
  json["prior_mean"] = NumberToJson(bandit.prior.mean);
  json["prior_precision"] = NumberToJson(bandit.prior.precision);
  json["num_exploration"] = bandit.num_exploration;
  json["reward_precision"] = bandit.reward_precision ? NumberToJson(*bandit.reward_precision) : Json();
  return json;
}

}  // namespace

Result<JobId> ThompsonPolicy::RegisterJob(const JobIdentity& job, const KnobSpace& space) {
  return jobs_.Register(job, space, [&]() -> Result<GaussianThompsonSampling> {
    std::vector<GaussianThompsonSampling::Arm> arms;
    for (const int64_t batch_size : space.batch_sizes()) arms.push_back({batch_size, ArmRewards(options_.window)});
    return GaussianThompsonSampling(std::move(arms), bandit_options_, NumpyGenerator(options_.seed));
  });
}

Result<Proposal> ThompsonPolicy::Predict(JobId job) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  return Proposal{.batch_size = entry->state.Predict(), .power_limit = {}};
}

Result<void> ThompsonPolicy::Observe(JobId job, const Observation& observation) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  ZEUS_RETURN_IF_ERROR(CheckObservation(observation, entry->space));
  entry->state.Observe(observation.batch_size, -observation.cost.value());
  return {};
}

Result<std::string> ThompsonPolicy::SaveBeliefs() const {
  return SaveJobs(name(), Options(options_, bandit_options_), jobs_,
                  [](const auto& entry) { return BanditToJson(entry.state); });
}

Result<void> ThompsonPolicy::LoadBeliefs(std::string_view json) {
  const auto load = [this](const JsonPlace& place, const JobIdentity&,
                           const KnobSpace& space) -> Result<GaussianThompsonSampling> {
    ZEUS_ASSIGN_OR_RETURN(GaussianThompsonSampling bandit, BanditFromJson(place, options_.window, bandit_options_));
    if (!std::ranges::equal(bandit.arms(), space.batch_sizes(), {}, &GaussianThompsonSampling::Arm::batch_size)) {
      return place.Expected("one arm for each feasible batch size");
    }
    return bandit;
  };
  ZEUS_ASSIGN_OR_RETURN(jobs_,
                        LoadJobs<GaussianThompsonSampling>(json, name(), Options(options_, bandit_options_), load));
  return {};
}

Result<std::optional<PolicyExplanation>> ThompsonPolicy::Explain(JobId job) const {
  const auto index = static_cast<size_t>(job);
  if (index >= jobs_.entries().size()) return FailUnknownJob();
  const auto& entry = jobs_.entries()[index];
  return ExplainBandit(entry.state, entry.space.batch_sizes());
}

}  // namespace zeus
