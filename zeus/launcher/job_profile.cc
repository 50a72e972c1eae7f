#include "zeus/launcher/job_profile.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "zeus/job/learning_rate.h"

namespace zeus {
namespace {

// A session goes on while it profiles, and then ends at any cost.
constexpr Joules kEndAfterProfiling{1e-9};
constexpr Joules kNoBound{std::numeric_limits<double>::infinity()};

Result<Watts> ChooseCheapest(std::span<const PowerLimitCost> costs) {
  if (costs.empty()) return Fail(ErrorCode::kInvalidData, "no power limit was profiled");
  return std::ranges::min_element(costs, {}, &PowerLimitCost::epoch_cost)->power_limit;
}

/// Makes tries, or takes those that are there.
class Tries {
 public:
  explicit Tries(const ProcessExecutorOptions& options) : options_(options), executor_(options) {}

  Result<RunEntry> Make(const TryRequest& request) {
    if (std::optional<RunEntry> known = Find(request)) {
      ZEUS_ASSIGN_OR_RETURN(const Watts chosen, ChooseLimit(request.batch_size));
      executor_.Remember(*known, chosen);
      return *std::move(known);
    }
    return executor_.RunTry(request, ChooseCheapest);
  }

  [[nodiscard]] Result<PowerProfile> ReadLimits(int64_t batch_size) const {
    return ReadPowerProfile(options_.log_dir / PowerProfileName(batch_size));
  }

  /// By which the executor knows that the limits of a batch size are profiled.
  [[nodiscard]] Result<Watts> ChooseLimit(int64_t batch_size) const {
    ZEUS_ASSIGN_OR_RETURN(const PowerProfile limits, ReadLimits(batch_size));
    return ChooseCheapest(CostsOf(limits, options_.metric));
  }

 private:
  [[nodiscard]] std::optional<RunEntry> Find(const TryRequest& request) const {
    const std::string job_id = JobIdOf(request);
    const Result<RunResult> result = ReadRunResult(options_.log_dir / RunResultName(job_id, request.batch_size));
    if (!result || !ReadLimits(request.batch_size)) return std::nullopt;
    return RunEntry{.tried = {.recurrence = request.recurrence,
                              .attempt = request.attempt,
                              .batch_size = request.batch_size,
                              .power_limit = options_.largest_limit,
                              .energy = result->energy,
                              .time = result->time,
                              .reached = result->reached},
                    .num_epochs = result->num_epochs,
                    .job_id = job_id,
                    .profile = {}};
  }

  const ProcessExecutorOptions options_;
  ProcessExecutor executor_;
};

Result<double> LearningRateAt(const Job& job, int64_t batch_size) {
  ZEUS_ASSIGN_OR_RETURN(const LearningRateRule rule, LearningRateRuleFor(job.identity.workload.optimizer));
  if (!job.identity.default_learning_rate) return Fail(ErrorCode::kInvalidArgument, "no default learning rate");
  return ScaleLearningRate(rule, *job.identity.default_learning_rate, job.identity.default_batch_size, batch_size);
}

uint32_t Intern(const Workload& workload, WorkloadNames* names) {
  return names->Intern(workload.dataset, workload.network, workload.optimizer);
}

Seconds TimeOfAnEpoch(const BatchSizeProfile& profile) {
  Seconds time;
  int64_t epochs = 0;
  for (const ProfiledRun& run : profile.runs) {
    time += run.time;
    epochs += run.num_epochs;
  }
  return time / static_cast<double>(epochs);
}

}  // namespace

Result<std::vector<BatchSizeProfile>> ProfileJob(JobProfileOptions options) {
  options.executor.observer = ObserverMode::kOn;
  Tries tries(options.executor);
  std::vector<BatchSizeProfile> profiles;
  for (size_t i = 0; i < options.batch_sizes.size(); ++i) {
    BatchSizeProfile profile{.batch_size = options.batch_sizes[i], .limits = {}, .runs = {}};
    TryRequest request{.recurrence = static_cast<int64_t>(i),
                       .attempt = 0,
                       .batch_size = profile.batch_size,
                       .power_limit = std::nullopt,
                       .cost_upper_bound = kEndAfterProfiling};
    ZEUS_RETURN_IF_ERROR(tries.Make(request));
    if (options.on_run_ended) options.on_run_ended();
    ZEUS_ASSIGN_OR_RETURN(profile.limits, tries.ReadLimits(profile.batch_size));
    ZEUS_ASSIGN_OR_RETURN(request.power_limit, tries.ChooseLimit(profile.batch_size));
    request.cost_upper_bound = kNoBound;
    for (int64_t run = 0; run < options.runs; ++run) {
      request.attempt = static_cast<int>(run) + 1;
      ZEUS_ASSIGN_OR_RETURN(const RunEntry entry, tries.Make(request));
      if (options.on_run_ended) options.on_run_ended();
      profile.runs.push_back(
          {.num_epochs = entry.num_epochs, .time = entry.tried.time, .reached = entry.tried.reached});
    }
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

TrainTrace ToTrainTrace(const Job& job, const std::vector<BatchSizeProfile>& profiles) {
  TrainTrace trace;
  const uint32_t workload = Intern(job.identity.workload, &trace.workloads);
  for (const BatchSizeProfile& profile : profiles) {
    for (size_t run = 0; run < profile.runs.size(); ++run) {
      trace.rows.push_back(
          {.workload = workload,
           .batch_size = profile.batch_size,
           .learning_rate = LearningRateAt(job, profile.batch_size).value_or(0),
           .run = static_cast<int64_t>(run) + 1,
           .target_metric = job.identity.target_metric,
           .target_epoch = profile.runs[run].reached ? std::optional(profile.runs[run].num_epochs) : std::nullopt});
    }
  }
  return trace;
}

PowerTrace ToPowerTrace(const Job& job, Watts limit_of_runs, const std::vector<BatchSizeProfile>& profiles) {
  PowerTrace trace;
  const uint32_t workload = Intern(job.identity.workload, &trace.workloads);
  for (const BatchSizeProfile& profile : profiles) {
    const auto at_runs = profile.limits.train.find(limit_of_runs);
    const double throughput = at_runs == profile.limits.train.end() ? profile.limits.train.rbegin()->second.throughput
                                                                    : at_runs->second.throughput;
    for (const auto& [limit, rate] : profile.limits.train) {
      trace.rows.push_back({.workload = workload,
                            .batch_size = profile.batch_size,
                            .power_limit = limit,
                            .time_per_epoch = TimeOfAnEpoch(profile) * (throughput / rate.throughput),
                            .average_power = rate.power});
    }
  }
  return trace;
}

}  // namespace zeus
