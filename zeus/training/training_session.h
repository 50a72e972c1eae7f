#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu.h"
#include "zeus/job/cost.h"
#include "zeus/trace/run_result.h"
#include "zeus/training/just_in_time_profile.h"
#include "zeus/training/power_logs.h"
#include "zeus/training/process_group.h"
#include "zeus/training/session_options.h"
#include "zeus/training/training_gpus.h"

namespace zeus {

/// What is trained, as the script knows it.
struct SessionJob {
  int64_t batch_size = 0;  ///< Global: of all ranks together.
  int64_t max_epochs = 0;
};

/// What a session works with; all outlive it. Ranks other than 0 need no GPUs: rank 0 measures and sets the node's.
struct SessionParts {
  TrainingGpus* gpus = nullptr;
  std::vector<Gpu*> logged_gpus = {};  ///< Whose power is logged to bs{B}+e{E}+gpu{I}.power.log; may be empty.
  ProcessGroup& group = ProcessGroup::Alone();
};

/// Whether a further epoch is to be trained.
enum class NextEpoch {
  kTrain,
  kReached,        ///< No: the target metric was reached.
  kMaxEpochs,      ///< No: as many epochs were trained as may be.
  kCostThreshold,  ///< No: with another epoch, the run is expected to cost as much as it may, or more.
};

/// Why an epoch was not begun.
struct CostThresholdExceeded {
  Seconds time;      ///< So far.
  Joules energy;     ///< So far.
  Joules cost;       ///< So far.
  Joules next_cost;  ///< Expected with another epoch.
  Joules threshold;
};

enum class MetricDirection { kHigherIsBetter, kLowerIsBetter };

/// Zeus inside a training loop: finds the best power limit within the first epoch (just in time), accounts time and
/// energy, and ends a run that reached its target or costs too much. It knows no framework; a loop calls it where
/// things happen:
///
///     while (*session->BeginEpoch() == NextEpoch::kTrain) {
///       session->BeginTraining(training_batches);
///       for (each batch) { session->OnBatch(); ... }
///       session->EndTraining();
///       session->BeginEvaluation(evaluation_batches); ...; session->EndEvaluation();
///       session->ReportMetric(accuracy, MetricDirection::kHigherIsBetter);
///     }
///
/// Events out of this order are kFailedPrecondition, naming what is missing. Evaluation may be left out. Files, on rank
/// 0: {job_id}+bs{B}.train.json, bs{B}.power.json, and a power log for each epoch and GPU. Not thread-safe. Sources:
/// Zeus (NSDI'23), sections 4.2 and 4.4; the published package's ZeusDataLoader.
class TrainingSession {
 public:
  /// Reads the power profile of this batch size in the log folder, if there is one, and then does not profile. Errors:
  /// kInvalidArgument for a job or options that cannot be; kInvalidData naming a damaged profile; those of the GPUs.
  static Result<std::unique_ptr<TrainingSession>> Create(const SessionJob& job, SessionOptions options,
                                                         const SessionParts& parts);

  /// Before each epoch, on all ranks; all get the same answer. When that is not kTrain, the run's result is saved. An
  /// error of rank 0 is one on every rank.
  Result<NextEpoch> BeginEpoch();
  /// kInvalidArgument when there is no batch, or the profile window cannot be scaled into so few.
  Result<void> BeginTraining(int64_t batches);
  /// A batch of the training epoch begins. Costs next to nothing unless a power limit is due.
  Result<void> OnBatch() {
    if (phase_ != Phase::kTraining) [[unlikely]]
      return FailOutOfOrder("OnBatch", "BeginTraining");
    ++batch_;
    if (!profiling()) return {};
    return profile_->OnBatch(batches_ - batch_);
  }
  Result<void> EndTraining();
  Result<void> BeginEvaluation(int64_t batches);
  Result<void> EndEvaluation();
  /// The validation metric after this epoch. Rank 0's decides.
  Result<void> ReportMetric(double metric, MetricDirection direction);

  /// Whether power limits are still to be profiled. On rank 0; false on others.
  [[nodiscard]] bool profiling() const { return profile_ && profile_->running(); }
  /// Epochs begun so far.
  [[nodiscard]] int64_t epochs() const { return epochs_; }
  /// What was consumed so far by training and evaluation that has ended. On rank 0.
  [[nodiscard]] RunResult result() const;
  /// After kCostThreshold, on every rank.
  [[nodiscard]] const std::optional<CostThresholdExceeded>& cost_threshold_exceeded() const { return exceeded_; }
  /// The limit that is best, once it is known. On rank 0.
  [[nodiscard]] std::optional<Watts> optimal_limit() const;

 private:
  enum class Phase { kNotBegun, kEpoch, kTraining, kTrained, kEvaluating, kEnded };

  struct Decision {
    NextEpoch next = NextEpoch::kTrain;
    CostThresholdExceeded costs;
  };

  TrainingSession(const SessionJob& job, SessionOptions options, const SessionParts& parts)
      : job_(job), options_(std::move(options)), parts_(parts) {}

  [[nodiscard]] bool is_first_rank() const { return parts_.group.rank() == 0; }
  [[nodiscard]] std::unexpected<Error> FailOutOfOrder(const char* event, const char* missing) const;
  /// Rank 0's part of Create and of BeginEpoch.
  Result<void> OpenFirstRank();
  Result<Decision> Decide();
  [[nodiscard]] CostThresholdExceeded PredictNextEpoch() const;
  Result<void> StartPowerLogs();
  Result<void> FinishPowerLogs();
  Result<void> SaveResult() const;

  // Constant after construction; the last two on rank 0 only.
  const SessionJob job_;
  const SessionOptions options_;
  const SessionParts parts_;
  std::optional<CostMetric> metric_;
  std::unique_ptr<JustInTimeProfile> profile_;

  Phase phase_ = Phase::kNotBegun;
  int64_t epochs_ = 0;
  int64_t batches_ = 0;  ///< Of the training epoch, and how many of them have begun.
  int64_t batch_ = 0;
  int64_t evaluation_batches_ = 0;  ///< Of the last evaluation.
  Joules energy_;
  Seconds time_;
  bool reached_ = false;
  std::optional<CostThresholdExceeded> exceeded_;
  std::unique_ptr<PowerLogs> power_logs_;  // The last member: the logs end first.
};

}  // namespace zeus
