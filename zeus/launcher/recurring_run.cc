#include "zeus/launcher/recurring_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "zeus/base/text_file.h"
#include "zeus/job/knobs.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"

namespace zeus {
namespace {

// Those that name a power limit with each batch size.
constexpr std::array<std::string_view, 2> kSimulationPolicies = {"grid", "oracle"};

/// Remembers what is asked for first, and answers with an error.
class FirstRequest final : public Executor {
 public:
  Result<Outcome> Execute(const TryRequest& request, const ChoosePowerLimit& /*choose*/) override {
    request_ = request;
    return Fail(ErrorCode::kUnavailable, "nothing is run");
  }

  [[nodiscard]] const std::optional<TryRequest>& request() const { return request_; }

 private:
  std::optional<TryRequest> request_;
};

}  // namespace

RecurringRun::RecurringRun(RecurringRunOptions options, const CostMetric& metric, std::filesystem::path log_dir)
    : options_(std::move(options)), metric_(metric), log_dir_(std::move(log_dir)) {}

Result<std::unique_ptr<RecurringRun>> RecurringRun::Create(const std::filesystem::path& folder,
                                                           RecurringRunOptions options) {
  const RunIdentity& identity = options.identity;
  if (std::ranges::find(kSimulationPolicies, identity.batch_policy) != kSimulationPolicies.end()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the policy \"{}\" chooses power limits by itself, but in training limits are found by "
                            "profiling; such policies are for simulation",
                            identity.batch_policy));
  }
  if (options.recurrences < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("recurrences: {}: expected 1 or more", options.recurrences));
  }
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(identity.eta, identity.max_power));
  std::error_code error;
  std::filesystem::path log_dir = std::filesystem::absolute(folder, error).lexically_normal();
  std::unique_ptr<RecurringRun> run(new RecurringRun(std::move(options), metric, std::move(log_dir)));
  const RunIdentity& kept = run->options_.identity;
  run->record_ = {.identity = kept, .recurrences = run->options_.recurrences, .entries = {}};
  const PolicyOptions policy_options{.seed = kept.seed, .window = kept.window, .beta = kept.beta};
  ZEUS_ASSIGN_OR_RETURN(run->batch_size_policy_, run->options_.make_policy(policy_options));
  ZEUS_ASSIGN_OR_RETURN(run->power_limit_policy_, MakePowerLimitPolicy(kept.power_policy));
  // Whether the job, its knobs and the policies fit together is known before anything is made.
  FirstRequest nothing;
  ZEUS_RETURN_IF_ERROR(run->MakeLoop(nothing));
  return run;
}

Result<std::unique_ptr<RecurringRun>> RecurringRun::Start(const std::filesystem::path& folder,
                                                          RecurringRunOptions options) {
  ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<RecurringRun> run, Create(folder, std::move(options)));
  ZEUS_ASSIGN_OR_RETURN(run->folder_, RunFolder::Make(run->log_dir_));
  ZEUS_RETURN_IF_ERROR(run->Save());
  run->MakeExecutors();
  return run;
}

Result<std::unique_ptr<RecurringRun>> RecurringRun::Resume(const std::filesystem::path& folder,
                                                           RecurringRunOptions options) {
  ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<RecurringRun> run, Create(folder, std::move(options)));
  // A training that a killed run left behind is given its grace period, and is killed after it.
  constexpr Seconds kMore{6};
  ZEUS_ASSIGN_OR_RETURN(run->folder_,
                        RunFolder::Open(run->log_dir_, run->options_.grace + kMore, run->options_.signals));
  ZEUS_ASSIGN_OR_RETURN(RunHistory record, ReadRunHistory(run->folder_->history_file()));
  ZEUS_RETURN_IF_ERROR(CheckSameRun(record.identity, run->options_.identity));
  const auto done = std::ranges::count_if(record.entries, [](const RunEntry& entry) { return entry.tried.reached; });
  if (done > run->options_.recurrences) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("the run that is to go on has {} recurrences already, and {} "
                                                         "are wanted",
                                                         done, run->options_.recurrences));
  }
  run->record_.entries = std::move(record.entries);
  run->MakeExecutors();
  return run;
}

Result<TrainingCommand> RecurringRun::Preview(const std::filesystem::path& folder, RecurringRunOptions options) {
  ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<RecurringRun> run, Create(folder, std::move(options)));
  FirstRequest first;
  ZEUS_ASSIGN_OR_RETURN(RecurrenceLoop loop, run->MakeLoop(first));
  History history;
  const Result<void> stopped = loop.RunRecurrence(&history);
  if (!first.request()) return std::unexpected(stopped.error());
  return ProcessExecutor(run->ExecutorOptions()).CommandFor(*first.request());
}

Result<RecurrenceLoop> RecurringRun::MakeLoop(Executor& executor) const {
  const RunIdentity& identity = options_.identity;
  ZEUS_ASSIGN_OR_RETURN(const KnobSpace space, KnobSpace::OfBatchSizes(identity.batch_sizes));
  return RecurrenceLoop::Create(identity.job, space, metric_, identity.beta,
                                {.batch_size_policy = batch_size_policy_.get(),
                                 .power_limit_policy = power_limit_policy_.get(),
                                 .executor = &executor});
}

ProcessExecutorOptions RecurringRun::ExecutorOptions() const {
  const RunIdentity& identity = options_.identity;
  return {.job = {.identity = identity.job, .command = options_.command},
          .metric = metric_,
          .largest_limit = options_.largest_limit,
          .observer = identity.observer,
          .profile = identity.profile,
          .seed = identity.seed,
          .log_dir = log_dir_,
          .echo = options_.echo,
          .timeout = options_.timeout,
          .grace = options_.grace,
          .held = folder_ ? std::optional(folder_->lock()) : std::nullopt,
          .signals = options_.signals};
}

void RecurringRun::MakeExecutors() {
  processes_ = std::make_unique<ProcessExecutor>(ExecutorOptions());
  const auto record = [this](const RunEntry& entry) -> Result<void> {
    record_.entries.push_back(entry);
    if (const Result<void> saved = Save(); !saved) {
      record_.entries.pop_back();
      return saved;
    }
    if (options_.on_try_ended) options_.on_try_ended(entry);
    return {};
  };
  executor_ = std::make_unique<ReplayExecutor>(*processes_, record_.entries, folder_->history_file().string(),
                                               ReplayExecutor::Hooks{.before = options_.on_try, .record = record});
}

Result<void> RecurringRun::Save() const {
  return WriteFileAtomically(folder_->history_file(), ToText(record_));
}

Result<RunEnding> RecurringRun::Run() {
  ZEUS_ASSIGN_OR_RETURN(RecurrenceLoop loop, MakeLoop(*executor_));
  while (loop.state().recurrences_done < options_.recurrences) {
    const Result<void> ran = loop.RunRecurrence(&history_);
    if (ran) continue;
    if (processes_->interrupted()) return RunEnding::kInterrupted;
    return std::unexpected(ran.error());
  }
  return RunEnding::kAllRecurrences;
}

}  // namespace zeus
