#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "zeus/base/result.h"
#include "zeus/job/cost.h"
#include "zeus/optimizer/power_limit/limit_profiler.h"
#include "zeus/trace/power_profile.h"
#include "zeus/training/session_options.h"
#include "zeus/training/training_gpus.h"

namespace zeus {

/// The limits to profile: from the highest down to the lowest in steps of 25 W; the lowest is among them only if a step
/// ends there.
std::vector<Watts> LimitsToProfile(const PowerLimitRange& range, Watts step = Watts(25));

/// Profiles power limits while a session trains, keeps the result in a file, and sets the limit that is to be used. Not
/// thread-safe.
class JustInTimeProfile {
 public:
  /// Loads `file` if it is there, and sets the limit to use; else the highest is set, and profiling begins with the
  /// first batch. `gpus` must outlive it. Errors: kInvalidData naming a damaged file; those of the GPUs.
  static Result<std::unique_ptr<JustInTimeProfile>> Create(TrainingGpus& gpus, const SessionOptions& options,
                                                           const CostMetric& metric, std::filesystem::path file);

  /// Whether limits are still to be profiled.
  [[nodiscard]] bool running() const { return profiler_ && !profiler_->finished(); }
  /// kInvalidArgument when the window does not fit into an epoch of so many batches, even when scaled.
  Result<void> BeginTraining(int64_t batches);
  Result<void> OnBatch(int64_t batches_left);
  Result<void> EndTraining();
  /// An evaluation at the limit that is used. The first one completes the profile, which is then saved.
  Result<void> AddEvaluation(const TrainingFigures& figures, int64_t batches);
  /// Saves a profile that nothing was evaluated for.
  Result<void> SaveIfUnsaved();

  /// Once no limit is left.
  [[nodiscard]] std::optional<Watts> optimal_limit() const;
  /// The optimum, or in observer mode the highest.
  [[nodiscard]] Watts limit_to_use() const;
  /// What so many batches of training and of evaluation are expected to take at the limit that is used. Precondition:
  /// not running().
  [[nodiscard]] TrainingFigures Predict(int64_t train_batches, int64_t evaluation_batches) const;

 private:
  JustInTimeProfile(TrainingGpus& gpus, const SessionOptions& options, const CostMetric& metric,
                    std::filesystem::path file)
      : gpus_(gpus), options_(options), metric_(metric), file_(std::move(file)) {}

  Result<void> Act(const ProfilerActions& actions);
  Result<void> EndWindow(Watts limit);
  [[nodiscard]] Watts BestLimit() const;
  Result<void> Save();

  TrainingGpus& gpus_;
  const SessionOptions options_;
  const CostMetric metric_;
  const std::filesystem::path file_;
  std::optional<LimitProfiler> profiler_;  // Absent when the file was there.
  PowerProfile profile_;
  bool saved_ = false;
};

}  // namespace zeus
