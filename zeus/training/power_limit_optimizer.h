#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/optimizer/power_limit/limit_profiler.h"
#include "zeus/optimizer/power_limit/power_limit_measurement.h"
#include "zeus/optimizer/power_limit/power_limit_selector.h"
#include "zeus/training/process_group.h"
#include "zeus/training/training_gpus.h"

namespace zeus {

struct PowerLimitOptimizerOptions {
  PowerLimitSelector selector;  ///< Empty: SelectLeastCost(0.5, GPUs of all ranks).
  int64_t wait_steps = 1;       ///< That pass before anything is set.
  int64_t warmup_steps = 10;    ///< At each limit, not measured.
  int64_t profile_steps = 40;   ///< At each limit, measured.
  Watts step{25};               ///< From one limit to the next; to the milliwatt.
  /// Where a profile is kept: if it is there, it is used instead of profiling; else it is written in the end. Rank 0
  /// alone reads and writes it. Empty: nowhere.
  std::filesystem::path profile_path;
};

/// Finds the best power limit in the first steps of a training run, and trains at it. Knows of nothing but steps and
/// epochs: from the GPUs' maximum downwards, each limit is set, warmed up and measured for so many steps within one
/// epoch; then the selector chooses. What the limits were before is whoever made the TrainingGpus to put back.
///
/// An error leaves training as it is: the limit at which something failed is measured again, on every rank together,
/// and the others keep their measurements. Not thread-safe. Source: the published package's
/// GlobalPowerLimitOptimizer; Zeus (NSDI'23), section 4.2.
class PowerLimitOptimizer {
 public:
  /// Sets the maximum limit, or, with a profile, the limit that the selector chooses from it. On all ranks at once;
  /// `gpus` and `group` outlive this.
  ///
  /// kInvalidArgument naming the option that cannot be, or for ranks whose GPUs allow different limits; kInvalidData
  /// naming a profile that is damaged or other GPUs'; those of the GPUs and the group.
  static Result<std::unique_ptr<PowerLimitOptimizer>> Create(TrainingGpus& gpus, ProcessGroup& group,
                                                             PowerLimitOptimizerOptions options = {});

  ~PowerLimitOptimizer();
  PowerLimitOptimizer(const PowerLimitOptimizer&) = delete;
  PowerLimitOptimizer& operator=(const PowerLimitOptimizer&) = delete;

  /// A training step begins. A few nanoseconds when done. Errors: those of the GPUs, the group and the selector;
  /// kInvalidArgument naming profile_steps for a window too short to measure anything; kUnavailable where another rank
  /// failed, or for a profile that cannot be written: that is said once, and the chosen limit is set all the same.
  Result<void> OnStepBegin() {
    if (done()) [[likely]]
      return {};
    return Step();
  }
  /// An epoch ends: what is under way is forgotten, and the maximum is set until the next step.
  Result<void> OnEpochEnd();

  [[nodiscard]] bool done() const { return chosen_.has_value(); }
  /// What was chosen, once done.
  [[nodiscard]] std::optional<Watts> chosen_limit() const { return chosen_; }
  /// What was set last; absent after an attempt that failed.
  [[nodiscard]] std::optional<Watts> current_limit() const { return current_; }
  /// So far, in the order of profiling; what was read, if there was a profile.
  [[nodiscard]] const std::vector<PowerLimitMeasurement>& measurements() const { return measurements_; }

 private:
  PowerLimitOptimizer(TrainingGpus& gpus, ProcessGroup& group, PowerLimitOptimizerOptions options,
                      LimitProfiler profiler);

  Result<void> UseProfile();
  Result<void> Step();
  Result<void> SetLimit(Watts limit);
  Result<void> BeginWindow(Watts limit);
  Result<void> EndWindow(Watts limit);
  Result<void> CancelWindow();
  Result<void> Finish();
  Result<void> Save() const;

  TrainingGpus& gpus_;
  ProcessGroup& group_;
  const PowerLimitOptimizerOptions options_;

  LimitProfiler profiler_;
  std::vector<PowerLimitMeasurement> measurements_;
  std::optional<Watts> window_;  ///< The limit whose window is open.
  /// Why the limit that was begun has not been set or measured here. The other ranks know it when the window ends.
  std::optional<Error> spoiled_;
  std::optional<Watts> current_;
  std::optional<Watts> chosen_;
};

}  // namespace zeus
