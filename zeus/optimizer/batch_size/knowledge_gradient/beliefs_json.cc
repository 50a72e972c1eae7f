#include "zeus/optimizer/batch_size/knowledge_gradient/beliefs_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zeus::knowledge_gradient {
namespace {

std::string Where(int64_t batch_size) {
  return fmt::format("batch size {}", batch_size);
}

Result<size_t> SizeFromJson(const JsonPlace& place, const KnobSpace& space) {
  ZEUS_ASSIGN_OR_RETURN(const int64_t batch_size, place.Integer());
  const std::optional<size_t> size = space.Find(batch_size);
  if (!size) return place.Expected("a feasible batch size");
  return *size;
}

Json OrNull(const std::optional<double>& value) {
  return value ? NumberToJson(*value) : Json();
}

Result<std::optional<double>> OptionalNumber(const JsonPlace& place, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> field, place.OptionalField(name));
  if (!field) return std::nullopt;
  ZEUS_ASSIGN_OR_RETURN(const double value, field->Number());
  return value;
}

Result<std::optional<size_t>> OptionalProposed(const JsonPlace& place, std::string_view name, const KnobSpace& space,
                                               const KnowledgeGradientPolicy::JobState& state) {
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> field, place.OptionalField(name));
  if (!field) return std::nullopt;
  ZEUS_ASSIGN_OR_RETURN(const size_t size, SizeFromJson(*field, space));
  if (!state.proposed[size]) return field->Expected("a batch size that was proposed");
  return size;
}

Result<void> ReadCaps(const JsonPlace& place, KnowledgeGradientPolicy::JobState* state) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field("caps_J"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<double> caps, field.Numbers());
  const auto proposed = static_cast<size_t>(std::ranges::count(state->proposed, true));
  if (caps.size() != proposed) return field.Expected(fmt::format("{} numbers, one for each proposed", proposed));
  auto next = caps.begin();
  for (size_t i = 0; i < state->proposed.size(); ++i) {
    if (!state->proposed[i]) continue;
    if (!(*next > 0)) return field.Expected("numbers above 0");
    state->caps[i] = *next++;
  }
  return {};
}

Result<Run> RunFromJson(const JsonPlace& place, const KnobSpace& space) {
  Run run;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_size, place.Field("batch_size"));
  ZEUS_ASSIGN_OR_RETURN(run.size, SizeFromJson(batch_size, space));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace cost, place.Field("cost_J"));
  ZEUS_ASSIGN_OR_RETURN(run.cost, cost.Number());
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace reached, place.Field("reached"));
  ZEUS_ASSIGN_OR_RETURN(run.reached, reached.Boolean());
  ZEUS_ASSIGN_OR_RETURN(run.epochs, OptionalNumber(place, "epochs"));
  ZEUS_ASSIGN_OR_RETURN(run.epoch_cost, OptionalNumber(place, "epoch_cost_J"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace ended, place.Field("ended_by_profile"));
  ZEUS_ASSIGN_OR_RETURN(run.ended_by_profile, ended.Boolean());
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace cap, place.Field("cap_J"));
  ZEUS_ASSIGN_OR_RETURN(run.cap, cap.Number());
  return run;
}

}  // namespace

Result<void> CheckRun(const Run& run, const JobBeliefs& beliefs, int64_t batch_size) {
  const auto fail = [&](std::string_view what, double value, std::string_view expected) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the {} of {} is {}: expected {}", what, Where(batch_size), value, expected));
  };
  constexpr double kMost = 1e15;  // Beyond it sums of squares of what was seen lose their meaning.
  if (run.epochs && (!std::isfinite(*run.epochs) || *run.epochs < 0 || *run.epochs > kMost)) {
    return fail("number of epochs", *run.epochs, "a number of 0 or more");
  }
  if (run.epoch_cost && (!std::isfinite(*run.epoch_cost) || *run.epoch_cost <= 0 || *run.epoch_cost > kMost)) {
    return fail("epoch_cost_J", *run.epoch_cost, "a number above 0");
  }
  if (run.reached && run.ended_by_profile) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: ended_by_profile, but reached its target", Where(batch_size)));
  }
  if (!(run.cap > 0)) return fail("cap_J", run.cap, "a number above 0");
  const bool ran = !run.epochs || *run.epochs > 0;
  if (!std::isfinite(run.cost) || run.cost < 0 || (ran && run.cost > kMost)) {
    return fail("cost_J", run.cost, "a number of 0 or more, and no more than 1e15");
  }
  if (run.reached && !ran) return fail("number of epochs", 0, "1 or more, because the target was reached");
  if (ran && run.cost == 0) return fail("cost_J", 0, "a number above 0, because it ran");
  const bool first = beliefs.runs().empty();
  if (!first && !beliefs.only_costs() && !run.epochs && !run.epoch_cost && !beliefs.costs().known(run.size)) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}: the number of epochs is missing, and the cost of one is not known", Where(batch_size)));
  }
  return {};
}

Json OptionsToJson(const PolicyOptions& options) {
  Json json;
  json["beta"] = NumberToJson(options.beta);
  json["concurrency"] = options.concurrency == Concurrency::kOn;
  return json;
}

Json StateToJson(const KnowledgeGradientPolicy::JobState& state, const KnobSpace& space) {
  const auto batch_size = [&](size_t size) { return space.choices()[size].batch_size; };
  Json json;
  json["runs"] = Json::array();
  for (const Run& run : state.beliefs.runs()) {
    Json each;
    each["batch_size"] = batch_size(run.size);
    each["cost_J"] = NumberToJson(run.cost);
    each["reached"] = run.reached;
    each["epochs"] = OrNull(run.epochs);
    each["epoch_cost_J"] = OrNull(run.epoch_cost);
    each["ended_by_profile"] = run.ended_by_profile;
    each["cap_J"] = NumberToJson(run.cap);
    json["runs"].push_back(std::move(each));
  }
  json["awaited"] = state.awaited ? Json(batch_size(*state.awaited)) : Json();
  json["trial"] = state.trial ? Json(batch_size(*state.trial)) : Json();
  json["proposed"] = Json::array();
  json["caps_J"] = Json::array();
  for (size_t i = 0; i < state.proposed.size(); ++i) {
    if (!state.proposed[i]) continue;
    json["proposed"].push_back(batch_size(i));
    json["caps_J"].push_back(NumberToJson(state.caps[i]));
  }
  return json;
}

Result<KnowledgeGradientPolicy::JobState> StateFromJson(const JsonPlace& place, const KnobSpace& space,
                                                        KnowledgeGradientPolicy::JobState fresh) {
  KnowledgeGradientPolicy::JobState state = std::move(fresh);
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace proposed_field, place.Field("proposed"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> proposed, proposed_field.Elements());
  std::optional<size_t> last;
  for (const JsonPlace& each : proposed) {
    ZEUS_ASSIGN_OR_RETURN(const size_t size, SizeFromJson(each, space));
    if (last && size <= *last) return each.Expected("batch sizes ascending, each once");
    last = size;
    state.proposed[size] = true;
  }
  ZEUS_RETURN_IF_ERROR(ReadCaps(place, &state));
  ZEUS_ASSIGN_OR_RETURN(state.awaited, OptionalProposed(place, "awaited", space, state));
  ZEUS_ASSIGN_OR_RETURN(state.trial, OptionalProposed(place, "trial", space, state));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace runs_field, place.Field("runs"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> runs, runs_field.Elements());
  for (const JsonPlace& each : runs) {
    ZEUS_ASSIGN_OR_RETURN(const Run run, RunFromJson(each, space));
    const Result<void> possible = CheckRun(run, state.beliefs, space.choices()[run.size].batch_size);
    if (!possible) return Fail(ErrorCode::kInvalidData, each.path() + ": " + possible.error().message);
    if (!state.proposed[run.size]) return each.Expected("a batch_size that was proposed");
    state.beliefs.Observe(run);
  }
  return state;
}

}  // namespace zeus::knowledge_gradient
