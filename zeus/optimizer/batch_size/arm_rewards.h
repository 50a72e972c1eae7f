#pragma once

#include <cstddef>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// The rewards of one arm, and the statistics that a belief is fitted to.
///
/// Up to kExactCount rewards, sum and variance are NumPy's to the last bit, so that decisions are those of the
/// published code. An arm with more (and no window) is summed up as it goes, in constant time and space; its statistics
/// then agree with NumPy's to about 1e-12.
class ArmRewards {
 public:
  static constexpr size_t kExactCount = 4096;

  struct Statistics {
    size_t count = 0;
    double sum = 0;
    double mean = 0;
    double variance = 0;  ///< Population variance; 0 for fewer than two rewards.
  };

  /// All there is to save. `sum`, `mean` and `squares` count only when `count` exceeds kExactCount and there is no
  /// window.
  struct State {
    size_t count = 0;             ///< Of all rewards, or of those in the window.
    std::vector<double> rewards;  ///< The rewards themselves; empty past kExactCount.
    double sum = 0;
    double mean = 0;
    double squares = 0;  ///< Sum of squared deviations from the mean.
  };

  /// `window`: how many of the latest rewards count; 0: all.
  explicit ArmRewards(size_t window) : window_(window) {}
  static Result<ArmRewards> FromState(size_t window, State state);

  void Add(double reward);

  [[nodiscard]] size_t count() const { return state_.count; }
  [[nodiscard]] Statistics Compute() const;
  [[nodiscard]] const State& state() const { return state_; }

 private:
  [[nodiscard]] bool summed_up() const { return window_ == 0 && state_.count > kExactCount; }

  size_t window_;
  State state_;
};

}  // namespace zeus
