#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/monitor/energy_monitor.h"

namespace zeus {

/// What is measured: one iteration of it. An error ends the measurement.
using MeasuredBody = std::function<Result<void>()>;

/// How one trial is made. The defaults are the published package's.
struct TrialOptions {
  Seconds measurement{5};            ///< Iterations are repeated for about this long.
  Seconds cooldown{10};              ///< Slept before each trial, so that each begins at a like temperature.
  int warmup_iterations = 10;        ///< Run before each measurement.
  int calibration_iterations = 100;  ///< Timed once, to know how many iterations a measurement takes.
  /// Warm up for so long instead of warmup_iterations.
  std::optional<Seconds> warmup_settle = std::nullopt;
  /// Called where queued work must be done: around calibration and before a trial. The monitor's own hook is called at
  /// either end of the window besides.
  std::function<Result<void>()> wait_for_devices = {};
  const Clock& clock = Clock::System();
  /// Absent: the calling thread sleeps.
  std::function<void(Seconds)> sleep = {};
};

/// One trial: the body repeated within one window.
struct Trial {
  uint64_t iterations = 0;
  Joules energy;  ///< Of all GPUs.
  Seconds time;
  Joules energy_per_iteration;
  Seconds time_per_iteration;
  std::optional<Celsius> temperature_before;  ///< Mean over the GPUs that have a thermometer; absent where none has.
  std::optional<Celsius> temperature_after;
  bool too_short = false;  ///< For some GPU's counter; see EnergyFigure.
};

/// Some trials of the same body, and how far apart they are.
struct TrialSpread {
  Joules mean;                                ///< Of energy_per_iteration.
  Joules standard_deviation;                  ///< Sample standard deviation (n - 1); 0 with fewer than two trials.
  Seconds mean_time;                          ///< Of time_per_iteration.
  std::optional<Celsius> temperature_before;  ///< Mean.
  std::optional<Celsius> temperature_after;

  /// 0.01 is one percent; 0 where the mean is 0.
  [[nodiscard]] double relative() const;
};
TrialSpread SpreadOf(std::span<const Trial> trials);

/// Time of one iteration: warm-up, then calibration_iterations timed. kInvalidArgument names an option that cannot be.
Result<Seconds> CalibrateIteration(const MeasuredBody& body, const TrialOptions& options);

/// Cools down, warms up, and measures ceil(measurement / iteration) iterations in one window. kUnavailable naming the
/// GPU when one of them was lost.
Result<Trial> MeasureTrial(const MeasuredBody& body, EnergyMonitor& monitor, Seconds iteration,
                           const TrialOptions& options);

struct StableOptions {
  TrialOptions trial;
  int warmup_trials = 2;    ///< Without cool-down and warm-up, to bring the device to its temperature; not counted.
  int agreeing_trials = 3;  ///< Stable when so many trials in a row agree,
  double agreement = 0.01;  ///< their standard deviation being below this share of their mean.
  int max_trials = 20;      ///< Given up after so many.
};

enum class Stability { kStable, kUnstable };

struct StableMeasurement {
  Stability stability = Stability::kUnstable;
  Seconds iteration;          ///< As calibrated.
  std::vector<Trial> trials;  ///< All that were counted, in order.
  TrialSpread spread;         ///< Of the last agreeing_trials.
};

/// Repeats trials until the energy of an iteration no longer moves, or max_trials are done: that is no error, but
/// kUnstable.
Result<StableMeasurement> MeasureUntilStable(const MeasuredBody& body, EnergyMonitor& monitor,
                                             const StableOptions& options);

}  // namespace zeus
