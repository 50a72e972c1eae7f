#include "zeus/optimizer/batch_size/grid_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zeus/optimizer/batch_size/check_observation.h"
#include "zeus/optimizer/beliefs_json.h"

namespace zeus {
namespace {

// All pairs, the first to try last, so that taking one is a pop.
std::vector<GridPolicy::Pair> Pairs(int64_t default_batch_size, const KnobSpace& space) {
  std::vector<const BatchSizeChoice*> order;
  const size_t middle = *space.Find(default_batch_size);
  for (size_t i = middle + 1; i-- > 0;) order.push_back(&space.choices()[i]);
  for (size_t i = middle + 1; i < space.size(); ++i) order.push_back(&space.choices()[i]);
  std::vector<GridPolicy::Pair> pairs;
  for (const BatchSizeChoice* choice : order) {
    for (auto limit = choice->power_limits.rbegin(); limit != choice->power_limits.rend(); ++limit) {
      pairs.push_back({choice->batch_size, *limit});
    }
  }
  std::ranges::reverse(pairs);
  return pairs;
}

Json ToJson(const GridPolicy::Pair& pair) {
  return Json{{"batch_size", pair.batch_size}, {"power_limit_W", NumberToJson(pair.power_limit.value())}};
}

Result<GridPolicy::Pair> PairFromJson(const JsonPlace& place, const KnobSpace& space) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_size_field, place.Field("batch_size"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t batch_size, batch_size_field.Integer());
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace limit_field, place.Field("power_limit_W"));
  ZEUS_ASSIGN_OR_RETURN(const double limit, limit_field.Number());
  const std::optional<size_t> position = space.Find(batch_size);
  if (!position) return batch_size_field.Expected("a feasible batch size");
  const std::vector<Watts>& limits = space.choices()[*position].power_limits;
  if (std::ranges::find(limits, Watts(limit)) == limits.end()) {
    return limit_field.Expected("one of the batch size's power limits");
  }
  return GridPolicy::Pair{batch_size, Watts(limit)};
}

Result<GridPolicy::Search> SearchFromJson(const JsonPlace& place, const KnobSpace& space) {
  GridPolicy::Search search;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace left, place.Field("left"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, left.Elements());
  for (const JsonPlace& element : elements) {
    ZEUS_ASSIGN_OR_RETURN(const GridPolicy::Pair pair, PairFromJson(element, space));
    search.left.push_back(pair);
  }
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> cheapest, place.OptionalField("cheapest"));
  if (cheapest) {
    ZEUS_ASSIGN_OR_RETURN(search.cheapest, PairFromJson(*cheapest, space));
  }
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace cost_field, place.Field("cheapest_cost_J"));
  ZEUS_ASSIGN_OR_RETURN(const double cost, cost_field.Number());
  if (!std::isfinite(cost) || cost < 0) return cost_field.Expected("a cost of 0 or more");
  if (!search.cheapest && cost > 0) return cost_field.Expected("0, because there is no cheapest pair");
  search.cheapest_cost = Joules(cost);
  return search;
}

}  // namespace

Result<JobId> GridPolicy::RegisterJob(const JobIdentity& job, const KnobSpace& space) {
  for (const BatchSizeChoice& choice : space.choices()) {
    if (choice.power_limits.empty()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("the grid policy must know the power limits beforehand; batch size {} has none",
                              choice.batch_size));
    }
  }
  return jobs_.Register(job, space,
                        [&]() -> Result<Search> { return Search{Pairs(job.default_batch_size, space), {}, {}}; });
}

Result<Proposal> GridPolicy::Predict(JobId job) {
  ZEUS_ASSIGN_OR_RETURN(const auto* const entry, jobs_.Find(job));
  const Search& search = entry->state;
  if (search.left.empty() && !search.cheapest) {
    return Fail(ErrorCode::kUnreachable, fmt::format("no batch size and power limit of {} reached the target metric {}",
                                                     ToText(entry->identity.workload), entry->identity.target_metric));
  }
  const Pair& pair = search.left.empty() ? *search.cheapest : search.left.back();
  return Proposal{.batch_size = pair.batch_size, .power_limit = pair.power_limit};
}

Result<void> GridPolicy::Observe(JobId job, const Observation& observation) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  ZEUS_RETURN_IF_ERROR(CheckObservation(observation, entry->space));
  Search& search = entry->state;
  if (search.left.empty()) return {};
  const Pair tried = search.left.back();
  if (tried.batch_size != observation.batch_size) {
    // A run from elsewhere (an overlapping submission) says nothing about the pair being tried.
    return {};
  }
  if (!observation.reached) {
    std::erase_if(search.left, [&](const Pair& pair) { return pair.batch_size == tried.batch_size; });
    return {};
  }
  search.left.pop_back();
  if (!search.cheapest || observation.cost < search.cheapest_cost) {
    search.cheapest = tried;
    search.cheapest_cost = observation.cost;
  }
  return {};
}

Result<std::string> GridPolicy::SaveBeliefs() const {
  return SaveJobs(name(), Json::object(), jobs_, [](const auto& entry) {
    const Search& search = entry.state;
    Json left = Json::array();
    for (const Pair& pair : search.left) left.push_back(ToJson(pair));
    Json json;
    json["left"] = std::move(left);
    json["cheapest"] = search.cheapest ? ToJson(*search.cheapest) : Json();
    json["cheapest_cost_J"] = NumberToJson(search.cheapest_cost.value());
    return json;
  });
}

Result<void> GridPolicy::LoadBeliefs(std::string_view json) {
  ZEUS_ASSIGN_OR_RETURN(jobs_, LoadJobs<Search>(json, name(), Json::object(),
                                                [](const JsonPlace& place, const JobIdentity&, const KnobSpace& space) {
                                                  return SearchFromJson(place, space);
                                                }));
  return {};
}

}  // namespace zeus
