#include "zeus/launcher/process_executor.h"

#include <fmt/format.h>
#include <string.h>

#include <cmath>
#include <ranges>

#include "zeus/base/number_text.h"
#include "zeus/job/command_template.h"
#include "zeus/launcher/log_tail.h"

namespace zeus {
namespace {

std::unexpected<Error> FailWithLog(ErrorCode code, const std::string& job_id, std::string_view problem,
                                   const std::filesystem::path& log) {
  return Fail(code, fmt::format("{}: {}; the end of {}:{}", job_id, problem, log.string(), LogTail(log)));
}

Result<void> RemoveFile(const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::remove(file, error);
  if (!error) return {};
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: cannot remove: {}", file.string(), error.message()));
}

std::string EndText(const TrainingEnd& end) {
  if (!end.signal) return fmt::format("the command ended with exit code {}", end.exit_code);
  const char* const description = ::sigdescr_np(*end.signal);
  return fmt::format("the command was ended by signal {} ({})", *end.signal,
                     description == nullptr ? "unknown" : description);
}

}  // namespace

std::string JobIdOf(const TryRequest& request) {
  return fmt::format("rec{:02}+try{:02}", request.recurrence + 1, request.attempt + 1);
}

Outcome OutcomeOf(const RunEntry& entry) {
  Outcome outcome{.ending = entry.tried.reached ? Ending::kReached : Ending::kNotReached,
                  .power_limit = entry.tried.power_limit,
                  .energy = entry.tried.energy,
                  .time = entry.tried.time,
                  .epochs = entry.num_epochs};
  if (entry.num_epochs == 0) outcome.ending = Ending::kDidNotRun;
  return outcome;
}

std::vector<PowerLimitCost> CostsOf(const PowerProfile& profile, const CostMetric& metric) {
  std::vector<PowerLimitCost> costs;
  for (const auto& [limit, rate] : std::views::reverse(profile.train)) {
    const Watts weighed = metric.eta() * rate.power + (1 - metric.eta()) * metric.max_power();
    costs.push_back({.power_limit = limit, .epoch_cost = Joules(weighed.value() / rate.throughput)});
  }
  return costs;
}

Result<Outcome> ProcessExecutor::Execute(const TryRequest& request, const ChoosePowerLimit& choose) {
  ZEUS_ASSIGN_OR_RETURN(const RunEntry entry, RunTry(request, choose));
  return OutcomeOf(entry);
}

Result<RunEntry> ProcessExecutor::RunTry(const TryRequest& request, const ChoosePowerLimit& choose) {
  interrupted_ = false;
  ZEUS_RETURN_IF_ERROR(CheckLimit(request));
  ZEUS_ASSIGN_OR_RETURN(const TrainingCommand command, CommandFor(request));
  const std::string job_id = JobIdOf(request);
  ZEUS_RETURN_IF_ERROR(RemoveStaleFiles(request, job_id));
  const Result<TrainingEnd> end = RunTraining(command, options_.signals);
  if (!end) return Fail(end.error().code, fmt::format("{}: {}", job_id, end.error().message));
  interrupted_ = end->ending == TrainingEnding::kInterrupted;
  ZEUS_ASSIGN_OR_RETURN(const RunResult result, ReadResult(request, command, job_id, *end));
  RunEntry entry{.tried = {.recurrence = request.recurrence,
                           .attempt = request.attempt,
                           .batch_size = request.batch_size,
                           .power_limit = options_.largest_limit,
                           .energy = result.energy,
                           .time = result.time,
                           .reached = result.reached},
                 .num_epochs = result.num_epochs,
                 .job_id = job_id,
                 .profile = {}};
  ZEUS_RETURN_IF_ERROR(TakeProfile(request, choose, &entry));
  ++tries_;
  return entry;
}

void ProcessExecutor::Remember(const RunEntry& entry, std::optional<Watts> chosen) {
  if (chosen) limits_[entry.tried.batch_size] = {.chosen = *chosen, .trained_at = entry.tried.power_limit};
  ++tries_;
}

// Sessions find their power limit themselves, by the same rule as the just-in-time policy; they cannot be told another.
Result<void> ProcessExecutor::CheckLimit(const TryRequest& request) const {
  if (!request.power_limit) return {};
  const auto known = limits_.find(request.batch_size);
  if (known != limits_.end() && known->second.chosen == *request.power_limit) return {};
  return Fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("the policy chooses a power limit of {} W for batch size {} by itself, but in training limits "
                  "are found by profiling; such policies are for simulation",
                  request.power_limit->value(), request.batch_size));
}

Result<TrainingCommand> ProcessExecutor::CommandFor(const TryRequest& request) const {
  TrainingCommand command;
  // Recurrences are numbered from 1 outside of this program.
  ZEUS_ASSIGN_OR_RETURN(command.arguments, FillCommand(options_.job, {.batch_size = request.batch_size,
                                                                      .seed = options_.seed + tries_,
                                                                      .recurrence = request.recurrence + 1}));
  const std::string job_id = JobIdOf(request);
  command.environment = {
      {"ZEUS_TARGET_METRIC", ShortestText(options_.job.identity.target_metric)},
      {"ZEUS_LOG_DIR", options_.log_dir.string()},
      {"ZEUS_JOB_ID", job_id},
      {"ZEUS_COST_THRESH", ShortestText(request.cost_upper_bound.value())},
      {"ZEUS_ETA_KNOB", ShortestText(options_.metric.eta())},
      {"ZEUS_PROFILE_PARAMS", fmt::format("{},{}", options_.profile.warmup, options_.profile.measure)},
      {"ZEUS_USE_OPTIMAL_PL", options_.observer == ObserverMode::kOn ? "false" : "true"}};
  command.workdir = options_.job.identity.workdir;
  command.log = options_.log_dir / fmt::format("{}.train.log", job_id);
  command.echo = options_.echo;
  command.timeout = options_.timeout;
  command.grace = options_.grace;
  command.held = options_.held;
  return command;
}

Result<void> ProcessExecutor::RemoveStaleFiles(const TryRequest& request, const std::string& job_id) const {
  ZEUS_RETURN_IF_ERROR(RemoveFile(options_.log_dir / RunResultName(job_id, request.batch_size)));
  // A profile that the policy does not know of is that of an attempt which was interrupted. Without it this one is what
  // it would have been without the interruption.
  if (!request.power_limit) return RemoveFile(options_.log_dir / PowerProfileName(request.batch_size));
  return {};
}

Result<RunResult> ProcessExecutor::ReadResult(const TryRequest& request, const TrainingCommand& command,
                                              const std::string& job_id, const TrainingEnd& end) const {
  if (end.ending == TrainingEnding::kInterrupted) return Fail(ErrorCode::kUnavailable, job_id + ": interrupted");
  if (end.ending == TrainingEnding::kTimedOut) {
    return FailWithLog(ErrorCode::kUnavailable, job_id,
                       fmt::format("the command took longer than {} s and was ended",
                                   ShortestTextWhole(command.timeout.value_or(Seconds(0)).value())),
                       command.log);
  }
  const std::filesystem::path file = options_.log_dir / RunResultName(job_id, request.batch_size);
  Result<RunResult> result = ReadRunResult(file);
  const bool stopped_by_cost = result && !result->reached && std::isfinite(request.cost_upper_bound.value());
  if (end.signal || (end.exit_code != 0 && !stopped_by_cost)) {
    return FailWithLog(ErrorCode::kUnavailable, job_id, EndText(end), command.log);
  }
  if (result) return result;
  if (result.error().code == ErrorCode::kNotFound) {
    return FailWithLog(ErrorCode::kInvalidData, job_id,
                       fmt::format("the command ended without a result: there is no {}", file.string()), command.log);
  }
  return FailWithLog(ErrorCode::kInvalidData, job_id, fmt::format("a damaged result: {}", result.error().message),
                     command.log);
}

Result<void> ProcessExecutor::TakeProfile(const TryRequest& request, const ChoosePowerLimit& choose, RunEntry* entry) {
  Watts& trained_at = entry->tried.power_limit;
  if (request.power_limit) {
    trained_at = limits_.at(request.batch_size).trained_at;
    return {};
  }
  const Result<PowerProfile> profile = ReadPowerProfile(options_.log_dir / PowerProfileName(request.batch_size));
  if (!profile) {
    // A run that is over before every limit was measured saves no profile. It trained at the largest limit, and the
    // next one at this batch size profiles anew.
    if (profile.error().code == ErrorCode::kNotFound) return {};
    return Fail(profile.error().code, fmt::format("{}: {}", entry->job_id, profile.error().message));
  }
  entry->profile = CostsOf(*profile, options_.metric);
  ZEUS_ASSIGN_OR_RETURN(const Watts chosen, choose(entry->profile));
  if (options_.observer == ObserverMode::kOff) trained_at = profile->optimal_limit;
  limits_[request.batch_size] = {.chosen = chosen, .trained_at = trained_at};
  return {};
}

}  // namespace zeus
