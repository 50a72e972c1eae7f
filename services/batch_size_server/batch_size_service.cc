#include "services/batch_size_server/batch_size_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <ranges>

#include "services/batch_size_server/generator_state.h"
#include "zeus/base/number_text.h"
#include "zeus/job/cost.h"
#include "zeus/optimizer/batch_size/recorded_exploration.h"

namespace zeus {
namespace {

using store::JobRecord;
using store::JobSettings;
using store::Stage;
using store::Store;
using store::TrialRecord;
using store::TrialStatus;
using store::TrialType;

Result<JobRecord> FindJob(Store& store, const std::string& job_id, std::string_view otherwise) {
  ZEUS_ASSIGN_OR_RETURN(std::optional<JobRecord> job, store.FindJob(job_id));
  if (!job) return Fail(ErrorCode::kInvalidArgument, std::string(otherwise));
  return *std::move(job);
}

Result<std::vector<TrialRecord>> AllTrials(Store& store, const std::string& job_id) {
  return store.ListTrials(job_id, 0, std::numeric_limits<int64_t>::max());
}

Result<ExplorationStep> StepOf(const JobSettings& settings, const std::vector<TrialRecord>& trials) {
  if (settings.num_pruning_rounds == 0) return ExplorationOver{settings.batch_sizes};
  std::vector<ExplorationTrial> explored;
  for (const TrialRecord& trial : trials) {
    if (trial.type != TrialType::kExploration || trial.status == TrialStatus::kFailed) continue;
    explored.push_back({.batch_size = trial.batch_size});
    if (trial.result) {
      explored.back().result = {CostOf(settings, trial.result->energy, trial.result->time), trial.result->converged};
    }
  }
  ZEUS_ASSIGN_OR_RETURN(PruningExploration exploration,
                        PruningExploration::Create(settings.batch_sizes, settings.default_batch_size,
                                                   static_cast<int>(settings.num_pruning_rounds)));
  return FindExplorationStep(std::move(exploration), explored);
}

// Those with a result.
std::vector<const TrialRecord*> InOrderOfResults(const std::vector<TrialRecord>& trials) {
  std::vector<const TrialRecord*> ended;
  for (const TrialRecord& trial : trials) {
    if (trial.result) ended.push_back(&trial);
  }
  std::ranges::sort(ended, {}, [](const TrialRecord* trial) { return trial->result->result_number; });
  return ended;
}

// All results of an arm count, in the order in which they came: those of exploration, also where they did not converge,
// and those of runs that were started while another one was under way.
Result<GaussianThompsonSampling> MakeBandit(const JobRecord& job, const std::vector<int64_t>& survivors,
                                            const std::vector<TrialRecord>& trials) {
  const JobSettings& settings = job.settings;
  std::vector<GaussianThompsonSampling::Arm> arms;
  for (const int64_t batch_size : survivors) {
    arms.push_back({batch_size, ArmRewards(static_cast<size_t>(settings.window_size))});
  }
  for (const TrialRecord* const trial : InOrderOfResults(trials)) {
    const auto arm = std::ranges::find(arms, trial->batch_size, &GaussianThompsonSampling::Arm::batch_size);
    if (arm == arms.end()) continue;
    arm->rewards.Add(-CostOf(settings, trial->result->energy, trial->result->time).value());
  }
  ZEUS_ASSIGN_OR_RETURN(const NumpyGeneratorState state, GeneratorStateFromJson(job.generator_state));
  const BanditOptions options{.prior = {.mean = settings.mab_prior_mean, .precision = settings.mab_prior_precision},
                              .num_exploration = static_cast<size_t>(settings.mab_num_explorations)};
  return GaussianThompsonSampling(std::move(arms), options, NumpyGenerator(state));
}

struct Choice {
  int64_t batch_size = 0;
  TrialType type = TrialType::kExploration;
};

// Gives up those that were not heard of for too long.
Result<void> EndLeases(Store& store, const ServiceTime& time, std::vector<TrialRecord>* trials) {
  if (!time.lease_ms) return {};
  for (TrialRecord& trial : *trials) {
    if (trial.status != TrialStatus::kDispatched || time.now_ms - trial.renewed_ms < *time.lease_ms) continue;
    trial.status = TrialStatus::kFailed;
    trial.end_ms = trial.renewed_ms + *time.lease_ms;
    ZEUS_RETURN_IF_ERROR(store.PutTrial(trial));
  }
  return {};
}

// Decides, and notes in the job what the decision changed.
Result<Choice> Choose(Store& store, const ServiceTime& time, JobRecord* job) {
  ZEUS_ASSIGN_OR_RETURN(std::vector<TrialRecord> trials, AllTrials(store, job->settings.job_id));
  ZEUS_RETURN_IF_ERROR(EndLeases(store, time, &trials));
  ZEUS_ASSIGN_OR_RETURN(const ExplorationStep step, StepOf(job->settings, trials));
  if (const auto* const next = std::get_if<ExploreNext>(&step))
    return Choice{next->batch_size, TrialType::kExploration};
  if (std::holds_alternative<AwaitResult>(step)) return Choice{job->min_cost_batch_size, TrialType::kConcurrent};
  const std::vector<int64_t>& survivors = std::get<ExplorationOver>(step).survivors;
  if (survivors.empty()) {
    return Fail(ErrorCode::kUnreachable,
                "No converged batch sizes has observed. Reconfigure batch_sizes and re-launch the job.");
  }
  ZEUS_ASSIGN_OR_RETURN(GaussianThompsonSampling bandit, MakeBandit(*job, survivors, trials));
  const int64_t batch_size = bandit.Predict();
  job->stage = Stage::kBandit;
  job->generator_state = GeneratorStateToJson(bandit.generator().state());
  return Choice{batch_size, TrialType::kBandit};
}

// A tenth of a lease early or late does not matter, and a report that changes nothing else is spared the disk.
Result<void> RenewLease(Store& store, const ServiceTime& time, TrialRecord trial) {
  if (!time.lease_ms || time.now_ms - trial.renewed_ms < *time.lease_ms / 10) return {};
  trial.renewed_ms = time.now_ms;
  return store.PutTrial(trial);
}

// How a report is judged.
struct Judgement {
  Joules cost;
  bool within_bound = true;
  bool converged = false;
};

Judgement Judge(const JobSettings& settings, std::optional<Joules> bounding_cost, const TrialReport& report) {
  Judgement judgement{.cost = CostOf(settings, report.energy, report.time)};
  if (settings.beta_knob && bounding_cost) {
    judgement.within_bound = judgement.cost <= *settings.beta_knob * *bounding_cost;
  }
  if (report.reached) {
    judgement.converged = *report.reached;
  } else {
    judgement.converged = settings.higher_is_better_metric ? report.metric >= settings.target_metric
                                                           : report.metric <= settings.target_metric;
  }
  return judgement;
}

std::string EndMessage(const JobSettings& settings, std::optional<Joules> bounding_cost, const TrialReport& report,
                       const Judgement& judgement) {
  if (!judgement.within_bound) {
    return fmt::format("Batch Size({}) exceeded the cost upper bound: current cost({}) > beta_knob({})*min_cost({})",
                       report.batch_size, ShortestText(judgement.cost.value()), ShortestText(*settings.beta_knob),
                       ShortestText(bounding_cost->value()));
  }
  if (judgement.converged) return "Train succeeded";
  if (report.reached) return fmt::format("Train ended after epoch {} without converging", report.current_epoch);
  return fmt::format("Train failed to converge within max_epoch({})", settings.max_epochs);
}

}  // namespace

Joules CostOf(const JobSettings& settings, Joules energy, Seconds time) {
  return settings.eta_knob * energy + (1 - settings.eta_knob) * settings.max_power * time;
}

Result<Registration> RegisterJob(Store& store, JobSettings settings, const std::function<uint64_t()>& entropy) {
  const bool named = !settings.job_id.empty();
  std::optional<JobRecord> existing;
  do {
    if (!named) settings.job_id = fmt::format("{}-{:08x}", settings.job_id_prefix, static_cast<uint32_t>(entropy()));
    ZEUS_ASSIGN_OR_RETURN(existing, store.FindJob(settings.job_id));
  } while (!named && existing);
  if (existing) {
    if (existing->settings == settings) return Registration{settings, false};
    return Fail(ErrorCode::kFailedPrecondition,
                "JobSpec doesn't match with existing jobSpec. Use a new job_id for different configuration");
  }
  const NumpyGenerator generator(settings.mab_seed ? static_cast<uint64_t>(*settings.mab_seed) : entropy());
  JobRecord job;
  job.generator_state = GeneratorStateToJson(generator.state());
  job.min_cost_batch_size = settings.default_batch_size;
  job.settings = std::move(settings);
  ZEUS_RETURN_IF_ERROR(store.PutJob(job));
  return Registration{std::move(job.settings), true};
}

Result<TrialRecord> StartTrial(Store& store, const std::string& job_id, const ServiceTime& time) {
  ZEUS_ASSIGN_OR_RETURN(JobRecord job,
                        FindJob(store, job_id, fmt::format("Unknown job({}). Please register the job first", job_id)));
  ZEUS_ASSIGN_OR_RETURN(const Choice choice, Choose(store, time, &job));
  const TrialRecord trial{.job_id = job_id,
                          .trial_number = ++job.last_trial_number,
                          .batch_size = choice.batch_size,
                          .type = choice.type,
                          .begin_ms = time.now_ms,
                          .renewed_ms = time.now_ms};
  ZEUS_RETURN_IF_ERROR(store.PutJob(job));
  ZEUS_RETURN_IF_ERROR(store.PutTrial(trial));
  return trial;
}

Result<std::optional<Joules>> BoundingCost(Store& store, const JobRecord& job) {
  if (job.settings.window_size == 0) return job.min_cost;
  ZEUS_ASSIGN_OR_RETURN(const std::vector<TrialRecord> trials, AllTrials(store, job.settings.job_id));
  std::map<int64_t, int64_t> seen;
  std::optional<Joules> lowest;
  for (const TrialRecord* const trial : std::views::reverse(InOrderOfResults(trials))) {
    if (++seen[trial->batch_size] > job.settings.window_size || !trial->result->converged) continue;
    const Joules cost = CostOf(job.settings, trial->result->energy, trial->result->time);
    if (!lowest || cost < *lowest) lowest = cost;
  }
  return lowest;
}

Result<Verdict> ReportTrial(Store& store, const TrialReport& report, const ServiceTime& time) {
  ZEUS_ASSIGN_OR_RETURN(JobRecord job, FindJob(store, report.job_id, fmt::format("Unknown job {}", report.job_id)));
  ZEUS_ASSIGN_OR_RETURN(std::optional<TrialRecord> trial, store.FindTrial(report.job_id, report.trial_number));
  if (!trial || trial->batch_size != report.batch_size) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("Unknown trial {} of batch size {} in job {}",
                                                         report.trial_number, report.batch_size, report.job_id));
  }
  if (trial->status == TrialStatus::kFailed) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("Trial({}) is already reported but converged is not set.", report.trial_number));
  }
  if (trial->result) {
    return Verdict{true, trial->result->converged,
                   fmt::format("Result for this trial({}) is already reported.", report.trial_number)};
  }
  ZEUS_ASSIGN_OR_RETURN(const std::optional<Joules> bounding_cost, BoundingCost(store, job));
  const Judgement judgement = Judge(job.settings, bounding_cost, report);
  if (!std::isfinite(judgement.cost.value())) return Fail(ErrorCode::kInvalidArgument, "the cost is no finite number");
  const bool ended = report.reached || report.current_epoch >= job.settings.max_epochs;
  if (judgement.within_bound && !ended && !judgement.converged) {
    ZEUS_RETURN_IF_ERROR(RenewLease(store, time, *trial));
    return Verdict{false, false, "Stop condition not met, keep training"};
  }
  const Verdict verdict{true, judgement.converged && judgement.within_bound,
                        EndMessage(job.settings, bounding_cost, report, judgement)};
  trial->status = TrialStatus::kSucceeded;
  trial->renewed_ms = std::max(time.now_ms, trial->renewed_ms);
  trial->end_ms = trial->renewed_ms;
  trial->result = store::TrialResult{.result_number = ++job.last_result_number,
                                     .energy = report.energy,
                                     .time = report.time,
                                     .converged = verdict.converged};
  if (verdict.converged && (!job.min_cost || judgement.cost < *job.min_cost)) {
    job.min_cost = judgement.cost;
    job.min_cost_batch_size = report.batch_size;
  }
  ZEUS_RETURN_IF_ERROR(store.PutTrial(*trial));
  ZEUS_RETURN_IF_ERROR(store.PutJob(job));
  return verdict;
}

Result<void> GiveUpTrial(Store& store, const std::string& job_id, int64_t batch_size, int64_t trial_number,
                         int64_t now_ms) {
  ZEUS_ASSIGN_OR_RETURN(std::optional<TrialRecord> trial, store.FindTrial(job_id, trial_number));
  if (!trial || trial->batch_size != batch_size) {
    return Fail(ErrorCode::kNotFound, fmt::format("Could not find the trial: {} of batch size {} in job {}",
                                                  trial_number, batch_size, job_id));
  }
  if (trial->status != TrialStatus::kDispatched) return {};
  trial->status = TrialStatus::kFailed;
  trial->end_ms = std::max(now_ms, trial->begin_ms);
  return store.PutTrial(*trial);
}

Result<std::vector<ArmView>> ViewArms(Store& store, const JobRecord& job) {
  std::vector<ArmView> views;
  if (job.stage != Stage::kBandit) return views;
  ZEUS_ASSIGN_OR_RETURN(const std::vector<TrialRecord> trials, AllTrials(store, job.settings.job_id));
  ZEUS_ASSIGN_OR_RETURN(const ExplorationStep step, StepOf(job.settings, trials));
  const auto* const over = std::get_if<ExplorationOver>(&step);
  if (over == nullptr || over->survivors.empty()) return views;
  ZEUS_ASSIGN_OR_RETURN(const GaussianThompsonSampling bandit, MakeBandit(job, over->survivors, trials));
  for (size_t i = 0; i < bandit.arms().size(); ++i) {
    views.push_back({bandit.arms()[i].batch_size, bandit.arms()[i].rewards.count(), bandit.beliefs()[i]});
  }
  return views;
}

}  // namespace zeus
