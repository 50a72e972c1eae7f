#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// How many steps are spent at each power limit.
struct ProfileWindow {
  int64_t warmup = 10;   ///< After the limit was set; not measured.
  int64_t measure = 40;  ///< Measured.

  bool operator==(const ProfileWindow&) const = default;
};

/// The window for an epoch of so many batches: itself where an epoch has room for it, else both parts scaled by
/// (batches - 1) / (warmup + measure), rounded down; an iteration less where that has no room by one batch, which the
/// published package would never profile. kInvalidArgument where a part would then be 0, or is below 1.
Result<ProfileWindow> ScaledToEpoch(const ProfileWindow& window, int64_t batches);

/// What is to be done now, in this order.
struct ProfilerActions {
  enum class Close { kNothing, kEnd, kCancel };
  Close window = Close::kNothing;     ///< End the window that is open (its figures are the limit's), or forget it.
  std::optional<Watts> measured;      ///< With kEnd: the limit that was measured.
  std::optional<Watts> set_limit;     ///< Of all GPUs.
  std::optional<Watts> begin_window;  ///< Open a window for this limit.
  bool finished = false;              ///< That was the last limit: choose one and set it.
};

/// Decides when to set which power limit and when to measure, from the steps and epochs of a training loop alone. Each
/// limit, in the given order, is set, warmed up and measured, within one epoch; an epoch's end takes back what was
/// begun. Pure: a session and the step-driven optimizer act for it. Sources: docs/training.md.
class LimitProfiler {
 public:
  /// `limits` high to low, not empty; the first is what an interruption goes back to. `wait` steps pass before
  /// anything. kInvalidArgument for a count below 0, `measure` below 1, no limits.
  static Result<LimitProfiler> Create(std::vector<Watts> limits, const ProfileWindow& window, int64_t wait);

  /// A step begins. `steps_left` is how many more the epoch has after this one, where that is known: a limit is then
  /// begun only if warm-up and measurement end before the epoch's last step begins.
  ProfilerActions OnStepBegin(std::optional<int64_t> steps_left = std::nullopt);
  /// The epoch ends, and with it what is under way.
  ProfilerActions OnEpochEnd();
  /// After an OnStepBegin that said to end a window, which came to nothing: instead of what it said besides. The same
  /// limit is set and measured anew, from the next step on.
  void MeasureAgain();

  /// Of another length from the next limit on; as Create wants it.
  void set_window(const ProfileWindow& window) { window_ = window; }
  [[nodiscard]] const ProfileWindow& window() const { return window_; }
  [[nodiscard]] bool finished() const { return next_ == limits_.size(); }
  [[nodiscard]] const std::vector<Watts>& limits() const { return limits_; }

 private:
  enum class State { kReady, kWarmingUp, kMeasuring };

  LimitProfiler(std::vector<Watts> limits, const ProfileWindow& window, int64_t wait);

  /// Sets the next limit if there is room for it.
  void BeginLimit(std::optional<int64_t> steps_left, ProfilerActions* actions);
  void BeginMeasuring(ProfilerActions* actions);
  /// To begin the next limit with the next step.
  void BeReady();

  std::vector<Watts> limits_;
  ProfileWindow window_;   ///< Of the limits to come.
  ProfileWindow current_;  ///< Of the limit that was begun.
  size_t next_ = 0;        ///< The limit that is measured now or next.
  State state_ = State::kReady;
  int64_t steps_;  ///< That pass before the one that ends the state.
};

}  // namespace zeus
