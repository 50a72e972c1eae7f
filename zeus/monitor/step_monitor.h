#pragma once

#include <memory>
#include <string>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/monitor/energy_monitor.h"

namespace zeus {

/// Measures some steps inside a training loop, and costs nothing after them: skips the first, which are slow for their
/// own reasons, measures the next, and then does nothing until Reset. What lies between two steps does not count.
///
///   while (StepsRemain()) {
///     steps->StartStep();
///     Train();
///     steps->FinishStep();
///   }
///
/// Not thread-safe: one loop, one monitor of its steps.
class StepMonitor {
 public:
  struct Options {
    int skip_steps = 0;
    int profile_steps = 1;
    /// Of the energy window that a step opens; two step monitors over one EnergyMonitor need two names.
    std::string window_name = "zeus.step";
  };

  /// `monitor` must outlive this. kInvalidArgument for a negative number of steps to skip, and for none to measure.
  static Result<std::unique_ptr<StepMonitor>> Create(EnergyMonitor& monitor, Options options);

  /// kFailedPrecondition for a step within a step, or an end without a begin; errors of EnergyMonitor otherwise. A step
  /// of which a GPU is missing is kUnavailable, and does not count.
  Result<void> StartStep();
  Result<void> FinishStep();
  /// Forgets everything, a step under way included, and begins with skipping.
  void Reset();

  /// Whether all steps were measured. kFailedPrecondition inside a step.
  [[nodiscard]] Result<bool> IsDone() const;

  /// Over the measured steps; the averages are for each step. kFailedPrecondition before all were measured.
  [[nodiscard]] Result<Joules> TotalEnergy() const;
  [[nodiscard]] Result<Joules> AverageEnergy() const;
  [[nodiscard]] Result<Seconds> TotalTime() const;
  [[nodiscard]] Result<Seconds> AverageTime() const;

 private:
  StepMonitor(EnergyMonitor& monitor, Options options) : monitor_(monitor), options_(std::move(options)) {}

  [[nodiscard]] bool Measures() const { return skipped_ == options_.skip_steps && measured_ < options_.profile_steps; }
  [[nodiscard]] Result<void> CheckDone() const;

  EnergyMonitor& monitor_;
  const Options options_;
  bool in_step_ = false;
  int skipped_ = 0;
  int measured_ = 0;
  Joules energy_;
  Seconds time_;
};

}  // namespace zeus
