#include "zeus/optimizer/batch_size/pruned_thompson_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "zeus/optimizer/batch_size/bandit_json.h"
#include "zeus/optimizer/batch_size/check_observation.h"
#include "zeus/optimizer/batch_size/explain_bandit.h"

namespace zeus {
namespace {

Json ToJson(const PruningExploration& exploration) {
  const PruningExploration::State& state = exploration.state();
  Json json;
  json["batch_sizes"] = state.batch_sizes;
  json["default_batch_size"] = state.default_batch_size;
  json["rounds_left"] = state.rounds_left;
  json["going_up"] = state.going_up;
  json["next"] = state.next;
  json["good"] = state.good;
  json["cheapest"] = state.cheapest ? Json(*state.cheapest) : Json();
  json["cheapest_cost_J"] = NumberToJson(state.cheapest_cost.value());
  return json;
}

Result<PruningExploration> ExplorationFromJson(const JsonPlace& place) {
  PruningExploration::State state;
  const auto integer = [&](std::string_view name) -> Result<int64_t> {
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
    return field.Integer();
  };
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_sizes, place.Field("batch_sizes"));
  ZEUS_ASSIGN_OR_RETURN(state.batch_sizes, batch_sizes.Integers());
  ZEUS_ASSIGN_OR_RETURN(state.default_batch_size, integer("default_batch_size"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t rounds_left, integer("rounds_left"));
  if (rounds_left < 0 || rounds_left > 1000) return place.Expected("rounds_left from 0 to 1000");
  state.rounds_left = static_cast<int>(rounds_left);
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace going_up, place.Field("going_up"));
  ZEUS_ASSIGN_OR_RETURN(state.going_up, going_up.Boolean());
  ZEUS_ASSIGN_OR_RETURN(state.next, integer("next"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace good, place.Field("good"));
  ZEUS_ASSIGN_OR_RETURN(state.good, good.Integers());
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> cheapest, place.OptionalField("cheapest"));
  if (cheapest) {
    ZEUS_ASSIGN_OR_RETURN(state.cheapest, cheapest->Integer());
  }
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace cost, place.Field("cheapest_cost_J"));
  ZEUS_ASSIGN_OR_RETURN(const double cheapest_cost, cost.Number());
  state.cheapest_cost = Joules(cheapest_cost);
  Result<PruningExploration> exploration = PruningExploration::FromState(std::move(state));
  if (!exploration) return Fail(ErrorCode::kInvalidData, place.path() + ": " + exploration.error().message);
  return exploration;
}

Json Options(const PolicyOptions& options, const GaussianBelief& prior) {
  Json json;
  json["seed"] = options.seed;
  json["window"] = options.window;
  json["concurrency"] = options.concurrency == Concurrency::kOn;
  if (prior != GaussianBelief{}) {
    json["prior_mean"] = NumberToJson(prior.mean);
    json["prior_precision"] = NumberToJson(prior.precision);
  }
  return json;
}

Json StateToJson(const JobTable<PrunedThompsonPolicy::JobState>::Entry& entry) {
  const PrunedThompsonPolicy::JobState& state = entry.state;
  Json json;
  json["exploration"] = ToJson(state.exploration);
  json["awaiting"] = state.awaiting;
  Json rewards = Json::array();
  for (size_t i = 0; i < state.rewards.size(); ++i) {
    rewards.push_back(RewardsToJson(entry.space.choices()[i].batch_size, state.rewards[i]));
  }
  json["rewards"] = std::move(rewards);
  json["bandit"] = state.bandit ? BanditToJson(*state.bandit) : Json();
  return json;
}

// There is a bandit only after exploration, over its survivors; before there is one, their rewards stand in `rewards`.
Result<void> CheckBandit(const JsonPlace& place, const PrunedThompsonPolicy::JobState& state, const KnobSpace& space) {
  if (!state.exploration.done()) {
    if (!state.bandit) return {};
    return Fail(ErrorCode::kInvalidData, place.path() + ".bandit: there is one, but exploration is not over");
  }
  const std::vector<int64_t>& survivors = state.exploration.survivors();
  if (state.bandit) {
    if (std::ranges::equal(state.bandit->arms(), survivors, {}, &GaussianThompsonSampling::Arm::batch_size)) return {};
    return Fail(ErrorCode::kInvalidData, place.path() + ".bandit.arms: are not the batch sizes that exploration left");
  }
  for (const int64_t batch_size : survivors) {
    if (state.rewards[*space.Find(batch_size)].count() > 0) continue;
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: neither a bandit nor rewards of batch size {}, which survived exploration",
                            place.path(), batch_size));
  }
  return {};
}

Result<PrunedThompsonPolicy::JobState> StateFromJson(const JsonPlace& place, const KnobSpace& space, size_t window,
                                                     const BanditOptions& bandit_options) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace exploration_field, place.Field("exploration"));
  ZEUS_ASSIGN_OR_RETURN(PruningExploration exploration, ExplorationFromJson(exploration_field));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace rewards_field, place.Field("rewards"));
  ZEUS_ASSIGN_OR_RETURN(std::vector<GaussianThompsonSampling::Arm> arms, ArmsFromJson(rewards_field, window));
  for (const int64_t batch_size : exploration.state().batch_sizes) {
    if (!space.Find(batch_size)) return exploration_field.Expected("batch sizes among the job's knobs");
  }
  PrunedThompsonPolicy::JobState state{std::move(exploration), false, {}, std::nullopt};
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace awaiting, place.Field("awaiting"));
  ZEUS_ASSIGN_OR_RETURN(state.awaiting, awaiting.Boolean());
  for (GaussianThompsonSampling::Arm& arm : arms) {
    const size_t position = state.rewards.size();
    if (position >= space.size() || space.choices()[position].batch_size != arm.batch_size) {
      return rewards_field.Expected("the rewards of each feasible batch size, ascending");
    }
    state.rewards.push_back(std::move(arm.rewards));
  }
  if (state.rewards.size() != space.size()) return rewards_field.Expected("the rewards of each feasible batch size");
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> bandit, place.OptionalField("bandit"));
  if (bandit) {
    ZEUS_ASSIGN_OR_RETURN(GaussianThompsonSampling loaded, BanditFromJson(*bandit, window, bandit_options));
    state.bandit = std::move(loaded);
  }
  ZEUS_RETURN_IF_ERROR(CheckBandit(place, state, space));
  return state;
}

}  // namespace

Result<JobId> PrunedThompsonPolicy::RegisterJob(const JobIdentity& job, const KnobSpace& space) {
  return jobs_.Register(job, space, [&]() -> Result<JobState> {
    ZEUS_ASSIGN_OR_RETURN(PruningExploration exploration,
                          PruningExploration::Create(space.batch_sizes(), job.default_batch_size));
    return JobState{std::move(exploration), false, std::vector(space.size(), ArmRewards(options_.window)),
                    std::nullopt};
  });
}

Result<Proposal> PrunedThompsonPolicy::Predict(JobId job) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  JobState& state = entry->state;
  if (const std::optional<int64_t> next = state.exploration.Next()) {
    state.awaiting = true;
    return Proposal{.batch_size = *next, .power_limit = {}};
  }
  if (!state.bandit) ZEUS_RETURN_IF_ERROR(StartBandit(entry));
  return Proposal{.batch_size = state.bandit->Predict(), .power_limit = {}};
}

Result<bool> PrunedThompsonPolicy::IsExploring(JobId job) const {
  const auto index = static_cast<size_t>(job);
  if (index >= jobs_.entries().size()) return FailUnknownJob();
  return !jobs_.entries()[index].state.exploration.done();
}

Result<void> PrunedThompsonPolicy::StartBandit(JobTable<JobState>::Entry* entry) const {
  JobState& state = entry->state;
  if (state.exploration.survivors().empty()) {
    return Fail(ErrorCode::kUnreachable, fmt::format("no batch size of {} reached the target metric {} in exploration",
                                                     ToText(entry->identity.workload), entry->identity.target_metric));
  }
  std::vector<GaussianThompsonSampling::Arm> arms;
  for (const int64_t batch_size : state.exploration.survivors()) {
    const size_t position = *entry->space.Find(batch_size);
    arms.push_back({batch_size, std::exchange(state.rewards[position], ArmRewards(options_.window))});
  }
  state.bandit.emplace(std::move(arms), bandit_options_, NumpyGenerator(options_.seed));
  return {};
}

Result<void> PrunedThompsonPolicy::Observe(JobId job, const Observation& observation) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  ZEUS_ASSIGN_OR_RETURN(const size_t position, CheckObservation(observation, entry->space));
  JobState& state = entry->state;
  const double reward = -observation.cost.value();
  if (state.bandit) {
    if (!state.bandit->Observe(observation.batch_size, reward)) state.rewards[position].Add(reward);
    return {};
  }
  const bool awaited = state.awaiting && state.exploration.Next() == observation.batch_size;
  if (!state.awaiting && options_.concurrency == Concurrency::kOff) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("a result for batch size {}, but none was asked for", observation.batch_size));
  }
  if (awaited || options_.concurrency == Concurrency::kOff) {
    ZEUS_RETURN_IF_ERROR(state.exploration.Report(observation.batch_size, observation.cost, observation.reached));
    state.awaiting = false;
  }
  state.rewards[position].Add(reward);
  return {};
}

Result<std::string> PrunedThompsonPolicy::SaveBeliefs() const {
  return SaveJobs(name(), Options(options_, bandit_options_.prior), jobs_, StateToJson);
}

Result<void> PrunedThompsonPolicy::LoadBeliefs(std::string_view json) {
  ZEUS_ASSIGN_OR_RETURN(jobs_,
                        LoadJobs<JobState>(json, name(), Options(options_, bandit_options_.prior),
                                           [this](const JsonPlace& place, const JobIdentity&, const KnobSpace& space) {
                                             return StateFromJson(place, space, options_.window, bandit_options_);
                                           }));
  return {};
}

Result<std::optional<PolicyExplanation>> PrunedThompsonPolicy::Explain(JobId job) const {
  const auto index = static_cast<size_t>(job);
  if (index >= jobs_.entries().size()) return FailUnknownJob();
  JobTable<JobState>::Entry entry = jobs_.entries()[index];  // The bandit may still have to be made.
  const std::vector<int64_t> batch_sizes = entry.space.batch_sizes();
  if (!entry.state.exploration.done()) {
    std::vector<int64_t> runs;
    for (const ArmRewards& rewards : entry.state.rewards) runs.push_back(static_cast<int64_t>(rewards.count()));
    return ExplainExploration(entry.state.exploration, batch_sizes, runs);
  }
  if (!entry.state.bandit) ZEUS_RETURN_IF_ERROR(StartBandit(&entry));
  return ExplainBandit(*entry.state.bandit, batch_sizes);
}

}  // namespace zeus
