#include "zeus/training/training_session.h"

#include <fmt/format.h>

#include <array>
#include <system_error>
#include <utility>

#include "zeus/base/text_file.h"

namespace zeus {
namespace {

constexpr const char* kTrainingWindow = "zeus.training";
constexpr const char* kEvaluationWindow = "zeus.evaluation";

}  // namespace

Result<std::unique_ptr<TrainingSession>> TrainingSession::Create(const SessionJob& job, SessionOptions options,
                                                                 const SessionParts& parts) {
  if (job.batch_size < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("batch_size: expected 1 or more, found {}", job.batch_size));
  }
  if (job.max_epochs < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("max_epochs: expected 1 or more, found {}", job.max_epochs));
  }
  ZEUS_RETURN_IF_ERROR(ValidateEta(options.eta));
  std::unique_ptr<TrainingSession> session(new TrainingSession(job, std::move(options), parts));
  if (session->is_first_rank()) ZEUS_RETURN_IF_ERROR(session->OpenFirstRank());
  return session;
}

Result<void> TrainingSession::OpenFirstRank() {
  if (parts_.gpus == nullptr || parts_.gpus->count() == 0) {
    return Fail(ErrorCode::kInvalidArgument, "rank 0 needs the GPUs that it measures and sets");
  }
  const Watts max_power = static_cast<double>(parts_.gpus->count()) * parts_.gpus->power_limits().maximum;
  ZEUS_ASSIGN_OR_RETURN(metric_, CostMetric::Create(options_.eta, max_power));
  std::error_code error;
  std::filesystem::create_directories(options_.log_dir, error);
  if (error) {
    return Fail(ErrorCode::kPermissionDenied,
                fmt::format("{}: the log folder cannot be made: {}", options_.log_dir.string(), error.message()));
  }
  ZEUS_ASSIGN_OR_RETURN(profile_, JustInTimeProfile::Create(*parts_.gpus, options_, *metric_,
                                                            options_.log_dir / PowerProfileName(job_.batch_size)));
  return {};
}

std::unexpected<Error> TrainingSession::FailOutOfOrder(const char* event, const char* missing) const {
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} out of order in epoch {}: {} comes first", event, epochs_, missing));
}

Result<NextEpoch> TrainingSession::BeginEpoch() {
  if (phase_ == Phase::kTraining) return FailOutOfOrder("BeginEpoch", "EndTraining");
  if (phase_ == Phase::kEvaluating) return FailOutOfOrder("BeginEpoch", "EndEvaluation");
  if (phase_ == Phase::kEpoch) return FailOutOfOrder("BeginEpoch", "BeginTraining");
  if (phase_ == Phase::kEnded) {
    return Fail(ErrorCode::kFailedPrecondition, "BeginEpoch: the run has ended, there is no further epoch");
  }
  // Rank 0 tells the others, also that it cannot go on: they would wait for it otherwise.
  Result<Decision> decided = is_first_rank() ? Decide() : Result<Decision>(Decision{});
  std::array<double, 7> told{};
  if (is_first_rank() && decided) {
    const CostThresholdExceeded& costs = decided->costs;
    told = {1,
            static_cast<double>(decided->next),
            costs.time.value(),
            costs.energy.value(),
            costs.cost.value(),
            costs.next_cost.value(),
            costs.threshold.value()};
  }
  const Result<void> broadcast = Broadcast(parts_.group, told);
  if (!decided) return std::unexpected(std::move(decided).error());
  ZEUS_RETURN_IF_ERROR(broadcast);
  if (told[0] != 1) {
    return Fail(ErrorCode::kUnavailable, "rank 0 cannot go on; what it printed says why");
  }
  const auto next = static_cast<NextEpoch>(told[1]);
  if (next == NextEpoch::kCostThreshold) {
    exceeded_ = {.time = Seconds(told[2]),
                 .energy = Joules(told[3]),
                 .cost = Joules(told[4]),
                 .next_cost = Joules(told[5]),
                 .threshold = Joules(told[6])};
  }
  phase_ = next == NextEpoch::kTrain ? Phase::kEpoch : Phase::kEnded;
  if (next == NextEpoch::kTrain) ++epochs_;
  return next;
}

Result<TrainingSession::Decision> TrainingSession::Decide() {
  ZEUS_RETURN_IF_ERROR(FinishPowerLogs());
  if (phase_ != Phase::kNotBegun) ZEUS_RETURN_IF_ERROR(profile_->SaveIfUnsaved());
  Decision decision;
  if (reached_) {
    decision.next = NextEpoch::kReached;
  } else if (epochs_ >= job_.max_epochs) {
    decision.next = NextEpoch::kMaxEpochs;
  } else if (epochs_ > 0 && !profile_->running()) {
    decision.costs = PredictNextEpoch();
    if (decision.costs.next_cost >= decision.costs.threshold) decision.next = NextEpoch::kCostThreshold;
  }
  if (decision.next == NextEpoch::kTrain) {
    ZEUS_RETURN_IF_ERROR(StartPowerLogs());
  } else {
    ZEUS_RETURN_IF_ERROR(SaveResult());
  }
  return decision;
}

CostThresholdExceeded TrainingSession::PredictNextEpoch() const {
  const TrainingFigures next = profile_->Predict(batches_, evaluation_batches_);
  return {.time = time_,
          .energy = energy_,
          .cost = metric_->Cost(energy_, time_),
          .next_cost = metric_->Cost(energy_ + next.energy, time_ + next.time),
          .threshold = options_.cost_threshold};
}

Result<void> TrainingSession::BeginTraining(int64_t batches) {
  if (phase_ != Phase::kEpoch) return FailOutOfOrder("BeginTraining", "BeginEpoch");
  if (batches < 1) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("batches of a training epoch: expected 1 or more, found {}", batches));
  }
  if (profile_) {
    ZEUS_RETURN_IF_ERROR(profile_->BeginTraining(batches));
    ZEUS_RETURN_IF_ERROR(parts_.gpus->BeginWindow(kTrainingWindow));
  }
  batches_ = batches;
  batch_ = 0;
  phase_ = Phase::kTraining;
  return {};
}

Result<void> TrainingSession::EndTraining() {
  if (phase_ != Phase::kTraining) return FailOutOfOrder("EndTraining", "BeginTraining");
  phase_ = Phase::kTrained;
  if (!profile_) return {};
  ZEUS_RETURN_IF_ERROR(profile_->EndTraining());
  ZEUS_ASSIGN_OR_RETURN(const TrainingFigures figures, parts_.gpus->EndWindow(kTrainingWindow));
  energy_ += figures.energy;
  time_ += figures.time;
  return {};
}

Result<void> TrainingSession::BeginEvaluation(int64_t batches) {
  if (phase_ != Phase::kTrained) return FailOutOfOrder("BeginEvaluation", "EndTraining");
  if (batches < 1) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("batches of an evaluation: expected 1 or more, found {}", batches));
  }
  if (profile_) ZEUS_RETURN_IF_ERROR(parts_.gpus->BeginWindow(kEvaluationWindow));
  evaluation_batches_ = batches;
  phase_ = Phase::kEvaluating;
  return {};
}

Result<void> TrainingSession::EndEvaluation() {
  if (phase_ != Phase::kEvaluating) return FailOutOfOrder("EndEvaluation", "BeginEvaluation");
  phase_ = Phase::kTrained;
  if (!profile_) return {};
  ZEUS_ASSIGN_OR_RETURN(const TrainingFigures figures, parts_.gpus->EndWindow(kEvaluationWindow));
  energy_ += figures.energy;
  time_ += figures.time;
  return profile_->AddEvaluation(figures, evaluation_batches_);
}

Result<void> TrainingSession::ReportMetric(double metric, MetricDirection direction) {
  if (phase_ != Phase::kTrained) return FailOutOfOrder("ReportMetric", "EndTraining");
  // A metric that is not a number reaches nothing.
  reached_ = direction == MetricDirection::kHigherIsBetter ? metric >= options_.target_metric
                                                           : metric <= options_.target_metric;
  return {};
}

Result<void> TrainingSession::StartPowerLogs() {
  const auto path = [this](size_t gpu) {
    return options_.log_dir / fmt::format("bs{}+e{}+gpu{}.power.log", job_.batch_size, epochs_, gpu);
  };
  if (parts_.logged_gpus.empty()) return {};
  ZEUS_ASSIGN_OR_RETURN(power_logs_, options_.monitor.empty()
                                         ? LogPowerOnThread(parts_.logged_gpus, path)
                                         : LogPowerWithMonitor(options_.monitor, parts_.logged_gpus, path));
  return {};
}

Result<void> TrainingSession::FinishPowerLogs() {
  if (!power_logs_) return {};
  const std::unique_ptr<PowerLogs> finished = std::exchange(power_logs_, nullptr);
  return finished->Finish();
}

RunResult TrainingSession::result() const {
  return {.energy = energy_,
          .time = time_,
          .cost = metric_ ? metric_->Cost(energy_, time_) : Joules(0),
          .num_epochs = epochs_,
          .reached = reached_};
}

std::optional<Watts> TrainingSession::optimal_limit() const {
  return profile_ ? profile_->optimal_limit() : std::nullopt;
}

Result<void> TrainingSession::SaveResult() const {
  return WriteFileAtomically(options_.log_dir / RunResultName(options_.job_id, job_.batch_size), ToText(result()));
}

}  // namespace zeus
