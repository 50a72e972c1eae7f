#include "services/batch_size_server/wire.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "services/http/body_fields.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

using http::BodyFields;
using store::JobSettings;

constexpr size_t kMostBatchSizes = 1000;
constexpr int64_t kMostRounds = 1000;
constexpr size_t kLongestId = 400;
constexpr size_t kLongestPrefix = 300;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void RequirePositive(BodyFields& body, std::string_view field, double value) {
  if (!(value > 0)) body.AddProblem(field, "ensure this value is greater than 0", "value_error.number.not_gt");
}

void RequireNotNegative(BodyFields& body, std::string_view field, double value) {
  if (!(value >= 0)) {
    body.AddProblem(field, "ensure this value is greater than or equal to 0", "value_error.number.not_ge");
  }
}

void ReadNames(BodyFields& body, JobSettings* settings) {
  settings->job_id_prefix = body.Text("job_id_prefix");
  if (!body.IsNull("job_id")) settings->job_id = body.Text("job_id", "");
  if (settings->job_id_prefix.size() > kLongestPrefix) body.AddProblem("job_id_prefix", "longer than 300 bytes");
  if (settings->job_id.size() > kLongestId) body.AddProblem("job_id", "longer than 400 bytes");
  if (!settings->job_id.starts_with(settings->job_id_prefix) && !settings->job_id.empty()) {
    body.AddProblem(
        "job_id", fmt::format("Job_id({}) does not start with prefix({}).", settings->job_id, settings->job_id_prefix));
  }
  if (settings->job_id.empty() && body.IsThere("job_id") && !body.IsNull("job_id")) {
    body.AddProblem("job_id", "Invalid job_id(). Shouldn't be empty.");
  }
}

void ReadBatchSizes(BodyFields& body, JobSettings* settings) {
  std::vector<int64_t>& sizes = settings->batch_sizes;
  const bool is_there = body.IsThere("batch_sizes") && !body.IsNull("batch_sizes");
  sizes = body.Integers("batch_sizes");
  settings->default_batch_size = body.Integer("default_batch_size");
  if (!body.ok() || !is_there) return;
  std::ranges::sort(sizes);
  if (sizes.empty()) return body.AddProblem("batch_sizes", "Batch Sizes = [] is empty");
  if (sizes.size() > kMostBatchSizes) return body.AddProblem("batch_sizes", "more than 1000 batch sizes");
  if (sizes.front() <= 0) body.AddProblem("batch_sizes", "batch sizes are greater than 0");
  if (std::ranges::adjacent_find(sizes) != sizes.end()) body.AddProblem("batch_sizes", "a batch size is there twice");
  if (!std::ranges::binary_search(sizes, settings->default_batch_size)) {
    body.AddProblem("default_batch_size", fmt::format("Default BS({}) not in batch_sizes([{}]).",
                                                      settings->default_batch_size, fmt::join(sizes, ", ")));
  }
}

void ReadKnobs(BodyFields& body, JobSettings* settings) {
  settings->eta_knob = body.Number("eta_knob", 0.5);
  if (settings->eta_knob < 0 || settings->eta_knob > 1) {
    body.AddProblem("eta_knob", "eta_knob should be in range [0,1]");
  }
  settings->beta_knob = body.IsNull("beta_knob") ? std::nullopt : std::optional(body.Number("beta_knob", 2.0));
  if (settings->beta_knob && *settings->beta_knob <= 0) {
    body.AddProblem("beta_knob",
                    fmt::format("Invalid beta_knob({}). To disable early stop, set beta_knob = None to disable or "
                                "positive value.",
                                ShortestText(*settings->beta_knob)));
  }
  settings->target_metric = body.Number("target_metric", 0.5);
  settings->higher_is_better_metric = body.Boolean("higher_is_better_metric", true);
  settings->max_epochs = body.Integer("max_epochs", 100);
  RequirePositive(body, "max_epochs", static_cast<double>(settings->max_epochs));
}

void ReadPolicy(BodyFields& body, JobSettings* settings) {
  settings->num_pruning_rounds = body.Integer("num_pruning_rounds", 2);
  RequireNotNegative(body, "num_pruning_rounds", static_cast<double>(settings->num_pruning_rounds));
  if (settings->num_pruning_rounds > kMostRounds) body.AddProblem("num_pruning_rounds", "more than 1000 rounds");
  settings->window_size = body.Integer("window_size", 0);
  RequireNotNegative(body, "window_size", static_cast<double>(settings->window_size));
  settings->mab_prior_mean = body.Number("mab_prior_mean", 0.0);
  settings->mab_prior_precision = body.Number("mab_prior_precision", 0.0);
  RequireNotNegative(body, "mab_prior_precision", settings->mab_prior_precision);
  settings->mab_num_explorations = body.Integer("mab_num_explorations", 2);
  RequireNotNegative(body, "mab_num_explorations", static_cast<double>(settings->mab_num_explorations));
  if (body.IsThere("mab_seed") && !body.IsNull("mab_seed")) {
    settings->mab_seed = body.Integer("mab_seed");
    RequireNotNegative(body, "mab_seed", static_cast<double>(*settings->mab_seed));
  }
}

void ReadGpus(BodyFields& body, JobSettings* settings) {
  settings->max_power = Watts(body.Number("max_power"));
  if (body.IsThere("max_power")) RequirePositive(body, "max_power", settings->max_power.value());
  settings->number_of_gpus = body.Integer("number_of_gpus");
  if (body.IsThere("number_of_gpus")) {
    RequirePositive(body, "number_of_gpus", static_cast<double>(settings->number_of_gpus));
  }
  settings->gpu_model = body.Text("gpu_model");
  if (settings->gpu_model.empty() && body.IsThere("gpu_model")) {
    body.AddProblem("gpu_model", "Invalid gpu_model(). Shouldn't be empty.");
  }
}

TrialName ReadTrialName(BodyFields& body) {
  return {.job_id = body.Text("job_id"),
          .batch_size = body.Integer("batch_size"),
          .trial_number = body.Integer("trial_number")};
}

template <class T>
Parsed<T> Finish(const BodyFields& body, T value) {
  if (!body.ok()) return std::unexpected(body.Refusal());
  return value;
}

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json ToJson(const JobSettings& settings) {
  return {{"job_id", settings.job_id},
          {"job_id_prefix", settings.job_id_prefix},
          {"batch_sizes", settings.batch_sizes},
          {"default_batch_size", settings.default_batch_size},
          {"eta_knob", settings.eta_knob},
          {"beta_knob", OrNull(settings.beta_knob)},
          {"target_metric", settings.target_metric},
          {"higher_is_better_metric", settings.higher_is_better_metric},
          {"max_epochs", settings.max_epochs},
          {"num_pruning_rounds", settings.num_pruning_rounds},
          {"window_size", settings.window_size},
          {"mab_prior_mean", settings.mab_prior_mean},
          {"mab_prior_precision", settings.mab_prior_precision},
          {"mab_num_explorations", settings.mab_num_explorations},
          {"mab_seed", OrNull(settings.mab_seed)},
          {"max_power", settings.max_power.value()},
          {"number_of_gpus", settings.number_of_gpus},
          {"gpu_model", settings.gpu_model}};
}

Json ToJson(const store::JobRecord& job) {
  Json json = ToJson(job.settings);
  json["stage"] = job.stage == store::Stage::kBandit ? "bandit" : "exploration";
  json["min_cost_J"] = job.min_cost ? Json(job.min_cost->value()) : Json();
  json["min_cost_batch_size"] = job.min_cost_batch_size;
  json["trials"] = job.last_trial_number;
  return json;
}

Json ToJson(const JobSettings& settings, const store::TrialRecord& trial) {
  constexpr const char* kTypes[] = {"exploration", "concurrent", "bandit"};
  constexpr const char* kStatuses[] = {"dispatched", "succeeded", "failed"};
  Json json = {{"trial_number", trial.trial_number},
               {"batch_size", trial.batch_size},
               {"type", kTypes[static_cast<int>(trial.type)]},
               {"status", kStatuses[static_cast<int>(trial.status)]},
               {"begin_ms", trial.begin_ms},
               {"end_ms", OrNull(trial.end_ms)}};
  json["energy_J"] = trial.result ? Json(trial.result->energy.value()) : Json();
  json["time_s"] = trial.result ? Json(trial.result->time.value()) : Json();
  json["converged"] = trial.result ? Json(trial.result->converged) : Json();
  json["cost_J"] = trial.result ? Json(CostOf(settings, trial.result->energy, trial.result->time).value()) : Json();
  return json;
}

Json ToJson(const BatchSizeView& view) {
  return {{"batch_size", view.batch_size},
          {"results", view.results},
          {"converged", view.converged},
          {"mean_cost_J", view.mean_cost ? Json(view.mean_cost->value()) : Json()},
          {"lowest_cost_J", view.lowest_cost ? Json(view.lowest_cost->value()) : Json()}};
}

Json ToJson(const Spent& spent) {
  return {{"energy_J", spent.energy.value()}, {"time_s", spent.time.value()}, {"cost_J", spent.cost.value()}};
}

Json ToJson(const Savings& savings) {
  return {
      {"converged", savings.converged}, {"spent", ToJson(savings.spent)}, {"by_default", ToJson(savings.by_default)}};
}

}  // namespace

Parsed<JobSettings> ParseJobSpec(std::string_view text) {
  BodyFields body(text);
  JobSettings settings;
  ReadNames(body, &settings);
  ReadBatchSizes(body, &settings);
  ReadKnobs(body, &settings);
  ReadPolicy(body, &settings);
  ReadGpus(body, &settings);
  return Finish(body, std::move(settings));
}

Parsed<TrialReport> ParseReport(std::string_view text) {
  BodyFields body(text);
  TrialName name = ReadTrialName(body);
  TrialReport report{.job_id = std::move(name.job_id),
                     .batch_size = name.batch_size,
                     .trial_number = name.trial_number,
                     .energy = Joules(body.Number("energy")),
                     .time = Seconds(body.Number("time")),
                     .metric = 0,
                     .current_epoch = body.Integer("current_epoch")};
  if (body.IsThere("reached") && !body.IsNull("reached")) {
    report.reached = body.Boolean("reached");
  } else {
    report.metric = body.Number("metric");
  }
  RequireNotNegative(body, "energy", report.energy.value());
  RequireNotNegative(body, "time", report.time.value());
  return Finish(body, std::move(report));
}

Parsed<TrialName> ParseTrialName(std::string_view text) {
  BodyFields body(text);
  TrialName name = ReadTrialName(body);
  return Finish(body, std::move(name));
}

std::string ToJsonText(const JobSettings& settings) {
  return Dump(ToJson(settings));
}

std::string ToJsonText(const store::TrialRecord& trial) {
  return Dump({{"job_id", trial.job_id}, {"batch_size", trial.batch_size}, {"trial_number", trial.trial_number}});
}

std::string ToJsonText(const Verdict& verdict) {
  return Dump({{"stop_train", verdict.stop_train}, {"converged", verdict.converged}, {"message", verdict.message}});
}

std::string ToJsonText(const store::JobRecord& job, const std::vector<ArmView>& arms,
                       std::optional<Joules> bounding_cost, const JobView& view) {
  Json json = ToJson(job);
  const bool is_bounded = bounding_cost && job.settings.beta_knob;
  json["cost_bound_J"] = is_bounded ? Json((*job.settings.beta_knob * *bounding_cost).value()) : Json();
  json["trials_succeeded"] = view.succeeded;
  json["trials_failed"] = view.failed;
  json["arms"] = Json::array();
  for (const ArmView& arm : arms) {
    json["arms"].push_back({{"batch_size", arm.batch_size},
                            {"observations", arm.observations},
                            {"mean", NumberToJson(arm.belief.mean)},
                            {"precision", NumberToJson(arm.belief.precision)}});
  }
  json["costs"] = Json::array();
  for (const BatchSizeView& each : view.batch_sizes) json["costs"].push_back(ToJson(each));
  json["savings"] = view.savings ? ToJson(*view.savings) : Json();
  return Dump(json);
}

std::string PageOfJobs(const std::vector<store::JobRecord>& jobs, bool more) {
  Json page = {{"jobs", Json::array()}, {"next", more ? Json(jobs.back().settings.job_id) : Json()}};
  for (const store::JobRecord& job : jobs) page["jobs"].push_back(ToJson(job));
  return Dump(page);
}

std::string PageOfTrials(const JobSettings& settings, const std::vector<store::TrialRecord>& trials, bool more) {
  Json page = {{"trials", Json::array()}, {"next", more ? Json(trials.back().trial_number) : Json()}};
  for (const store::TrialRecord& trial : trials) page["trials"].push_back(ToJson(settings, trial));
  return Dump(page);
}

}  // namespace zeus
