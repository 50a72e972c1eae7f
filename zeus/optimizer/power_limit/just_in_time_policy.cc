#include "zeus/optimizer/power_limit/just_in_time_policy.h"

#include <cmath>

#include "zeus/optimizer/beliefs_json.h"
#include "zeus/optimizer/power_limit/check_power_limit_cost.h"

namespace zeus {

Result<void> KeepCheapest(const PowerLimitCost& observation, std::optional<PowerLimitCost>* best) {
  ZEUS_RETURN_IF_ERROR(CheckPowerLimitCost(observation));
  if (!*best || observation.epoch_cost < (*best)->epoch_cost) *best = observation;
  return {};
}

Result<JobId> JustInTimePolicy::RegisterJob(const JobIdentity& job, const KnobSpace& space) {
  return jobs_.Register(job, space, [&]() -> Result<Best> { return Best(space.size()); });
}

Result<std::optional<Watts>> JustInTimePolicy::Predict(JobId job, int64_t batch_size) {
  ZEUS_ASSIGN_OR_RETURN(const auto* const entry, jobs_.Find(job));
  const std::optional<size_t> position = entry->space.Find(batch_size);
  if (!position) return FailUnknownBatchSize(batch_size, entry->space);
  const std::optional<PowerLimitCost>& best = entry->state[*position];
  if (!best) return std::nullopt;
  return best->power_limit;
}

Result<void> JustInTimePolicy::Observe(JobId job, int64_t batch_size, const PowerLimitCost& observation) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  const std::optional<size_t> position = entry->space.Find(batch_size);
  if (!position) return FailUnknownBatchSize(batch_size, entry->space);
  return KeepCheapest(observation, &entry->state[*position]);
}

Result<std::string> JustInTimePolicy::SaveBeliefs() const {
  return SaveJobs(name(), Json::object(), jobs_, [](const auto& entry) {
    Json best = Json::array();
    for (size_t i = 0; i < entry.state.size(); ++i) {
      if (!entry.state[i]) continue;
      best.push_back(Json{{"batch_size", entry.space.choices()[i].batch_size},
                          {"power_limit_W", NumberToJson(entry.state[i]->power_limit.value())},
                          {"epoch_cost_J", NumberToJson(entry.state[i]->epoch_cost.value())}});
    }
    Json json;
    json["best"] = std::move(best);
    return json;
  });
}

Result<void> JustInTimePolicy::LoadBeliefs(std::string_view json) {
  const auto load = [](const JsonPlace& place, const JobIdentity&, const KnobSpace& space) -> Result<Best> {
    Best best(space.size());
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field("best"));
    ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, field.Elements());
    for (const JsonPlace& element : elements) {
      ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_size, element.Field("batch_size"));
      ZEUS_ASSIGN_OR_RETURN(const int64_t value, batch_size.Integer());
      const std::optional<size_t> position = space.Find(value);
      if (!position) return batch_size.Expected("a feasible batch size");
      ZEUS_ASSIGN_OR_RETURN(const JsonPlace limit, element.Field("power_limit_W"));
      ZEUS_ASSIGN_OR_RETURN(const double watts, limit.Number());
      if (!std::isfinite(watts)) return limit.Expected("a power limit in watts");
      ZEUS_ASSIGN_OR_RETURN(const JsonPlace cost, element.Field("epoch_cost_J"));
      ZEUS_ASSIGN_OR_RETURN(const double joules, cost.Number());
      if (!std::isfinite(joules) || joules < 0) return cost.Expected("a cost of 0 or more");
      best[*position] = PowerLimitCost{.power_limit = Watts(watts), .epoch_cost = Joules(joules)};
    }
    return best;
  };
  ZEUS_ASSIGN_OR_RETURN(jobs_, LoadJobs<Best>(json, name(), Json::object(), load));
  return {};
}

}  // namespace zeus
