#include "zeus/simulator/single_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "zeus/job/job_json.h"
#include "zeus/optimizer/beliefs_json.h"

namespace zeus {
namespace {

constexpr std::string_view kFormat = "zeus-simulation";
constexpr int64_t kVersion = 1;

Json OptionsToJson(const SimulationOptions& options) {
  Json json;
  json["eta"] = NumberToJson(options.eta);
  json["beta"] = NumberToJson(options.beta);
  json["seed"] = options.seed;
  json["window"] = options.window;
  json["concurrency"] = options.concurrency == Concurrency::kOn;
  json["batch_policy"] = options.policies.batch_size;
  json["power_policy"] = options.policies.power_limit;
  return json;
}

// What must not differ between the saved simulation and the one that loads it.
Result<void> CheckSame(const JsonPlace& root, std::string_view name, const Json& expected) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace saved, root.Field(name));
  // Compared without regard to the order of fields: a store may have changed it.
  if (nlohmann::json(saved.json()) == nlohmann::json(expected)) return {};
  for (const auto& [key, value] : expected.items()) {
    ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> field, saved.OptionalField(key));
    if (field ? field->json() != value : !value.is_null()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("the saved simulation has {} {}, this one {}", key,
                              field ? field->json().dump() : std::string("nothing"), value.dump()));
    }
  }
  return saved.Expected("the " + std::string(name) + " of this simulation");
}

}  // namespace

PolicyOptions ToPolicyOptions(const SimulationOptions& options) {
  return {.seed = options.seed, .window = options.window, .concurrency = options.concurrency, .beta = options.beta};
}

Result<SingleJobSimulation> SingleJobSimulation::Create(const JobTrace& trace, const SimulationOptions& options,
                                                        const PolicyFactory& factory) {
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(options.eta, trace.max_power));
  ZEUS_ASSIGN_OR_RETURN(Policies policies, factory.Make(options.policies, ToPolicyOptions(options), trace, metric));
  return Create(trace, options, std::move(policies));
}

Result<SingleJobSimulation> SingleJobSimulation::Create(const JobTrace& trace, const SimulationOptions& options,
                                                        Policies policies) {
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(options.eta, trace.max_power));
  SingleJobSimulation simulation(trace, options, metric, std::move(policies));
  ZEUS_ASSIGN_OR_RETURN(simulation.loop_, simulation.MakeLoop());
  return simulation;
}

SingleJobSimulation::SingleJobSimulation(const JobTrace& trace, const SimulationOptions& options,
                                         const CostMetric& metric, Policies policies)
    : trace_(&trace),
      options_(options),
      metric_(metric),
      policies_(std::move(policies)),
      executor_(std::make_unique<TraceExecutor>(trace, metric, NumpyGenerator(options.seed))) {}

Result<void> SingleJobSimulation::RunUntil(int64_t recurrences) {
  while (recurrences_done() < recurrences) ZEUS_RETURN_IF_ERROR(loop_->RunRecurrence(&history_));
  return {};
}

Result<RecurrenceLoop> SingleJobSimulation::MakeLoop() const {
  return RecurrenceLoop::Create(trace_->job, trace_->space, metric_, options_.beta,
                                {.batch_size_policy = policies_.batch_size.get(),
                                 .power_limit_policy = policies_.power_limit.get(),
                                 .executor = executor_.get()});
}

Result<void> SingleJobSimulation::LoadBeliefs(std::string_view batch_size, std::string_view power_limit) {
  ZEUS_RETURN_IF_ERROR(policies_.batch_size->LoadBeliefs(batch_size));
  ZEUS_RETURN_IF_ERROR(policies_.power_limit->LoadBeliefs(power_limit));
  // The job must be among what was loaded: registering it again then changes nothing.
  const auto save = [this]() -> Result<std::string> {
    ZEUS_ASSIGN_OR_RETURN(const std::string one, policies_.batch_size->SaveBeliefs());
    ZEUS_ASSIGN_OR_RETURN(const std::string other, policies_.power_limit->SaveBeliefs());
    return one + other;
  };
  ZEUS_ASSIGN_OR_RETURN(const std::string before, save());
  ZEUS_ASSIGN_OR_RETURN(RecurrenceLoop loop, MakeLoop());
  ZEUS_ASSIGN_OR_RETURN(const std::string after, save());
  if (before != after) return Fail(ErrorCode::kInvalidData, "saved simulation: its beliefs are not about its job");
  loop.Restore(loop_->state());
  loop_ = std::move(loop);
  return {};
}

Result<std::optional<PolicyExplanation>> SingleJobSimulation::Explain() const {
  // The only job that this policy knows.
  return policies_.batch_size->Explain(JobId{0});
}

Result<std::string> SingleJobSimulation::Save() const {
  Json document;
  document["format"] = kFormat;
  document["version"] = kVersion;
  document["job"] = ToJson(trace_->job);
  document["options"] = OptionsToJson(options_);
  document["recurrences_done"] = recurrences_done();
  document["min_cost_J"] = NumberToJson(loop_->state().min_cost.value());
  document["trace_generator"] = ToJson(executor_->generator());
  // A policy's beliefs are a document of their own; a plugin's need not even be JSON.
  ZEUS_ASSIGN_OR_RETURN(document["batch_size_beliefs"], policies_.batch_size->SaveBeliefs());
  ZEUS_ASSIGN_OR_RETURN(document["power_limit_beliefs"], policies_.power_limit->SaveBeliefs());
  document["history"] = ToJson(history_);
  return document.dump(1) + "\n";
}

Result<void> SingleJobSimulation::Load(std::string_view json) {
  ZEUS_ASSIGN_OR_RETURN(const Json document, ParseJson(json, "saved simulation"));
  const JsonPlace root(document, "saved simulation");
  ZEUS_RETURN_IF_ERROR(CheckFormat(root, kFormat, kVersion));
  ZEUS_RETURN_IF_ERROR(CheckSame(root, "job", ToJson(trace_->job)));
  ZEUS_RETURN_IF_ERROR(CheckSame(root, "options", OptionsToJson(options_)));
  RecurrenceLoop::State state;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace done_field, root.Field("recurrences_done"));
  ZEUS_ASSIGN_OR_RETURN(state.recurrences_done, done_field.Integer());
  if (state.recurrences_done < 0) return done_field.Expected("a count of 0 or more");
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace min_cost_field, root.Field("min_cost_J"));
  ZEUS_ASSIGN_OR_RETURN(const double min_cost, min_cost_field.Number());
  if (!(min_cost > 0)) return min_cost_field.Expected("a cost above 0");
  state.min_cost = Joules(min_cost);
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace generator_field, root.Field("trace_generator"));
  ZEUS_ASSIGN_OR_RETURN(const NumpyGenerator generator, NumpyGeneratorFromJson(generator_field));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace history_field, root.Field("history"));
  ZEUS_ASSIGN_OR_RETURN(History history, HistoryFromJson(history_field));
  if (std::ranges::count(history, true, &HistoryEntry::reached) != state.recurrences_done) {
    return done_field.Expected("as many recurrences as the history has tries that reached the target");
  }
  const auto beliefs = [&](std::string_view name) -> Result<std::string> {
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, root.Field(name));
    return field.Text();
  };
  ZEUS_ASSIGN_OR_RETURN(const std::string batch_size_beliefs, beliefs("batch_size_beliefs"));
  ZEUS_ASSIGN_OR_RETURN(const std::string power_limit_beliefs, beliefs("power_limit_beliefs"));
  // Both or neither: when something is wrong, the policies get their old beliefs back.
  ZEUS_ASSIGN_OR_RETURN(const std::string old_batch_size_beliefs, policies_.batch_size->SaveBeliefs());
  ZEUS_ASSIGN_OR_RETURN(const std::string old_power_limit_beliefs, policies_.power_limit->SaveBeliefs());
  if (Result<void> loaded = LoadBeliefs(batch_size_beliefs, power_limit_beliefs); !loaded) {
    ZEUS_RETURN_IF_ERROR(policies_.batch_size->LoadBeliefs(old_batch_size_beliefs));
    ZEUS_RETURN_IF_ERROR(policies_.power_limit->LoadBeliefs(old_power_limit_beliefs));
    return loaded;
  }
  loop_->Restore(state);
  executor_->Restore(generator);
  history_ = std::move(history);
  return {};
}

}  // namespace zeus
