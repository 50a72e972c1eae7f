#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace zeus::knowledge_gradient {

/// Notices that runs have come to take more, or fewer, epochs than is believed: a two-sided CUSUM (Page 1954) over how
/// many standard deviations each run was off.
class ShiftDetector {
 public:
  /// Of the runs after a drift no more are found.
  static constexpr size_t kMostRuns = 10;

  ShiftDetector(double slack, double limit) : slack_(slack), limit_(limit) {}

  /// Whether that was the run that gave it away; then start anew with Reset().
  bool Add(double deviations);
  /// How many runs the drift is taken to have lasted, once it was given away: as many as do not speak against it.
  [[nodiscard]] size_t runs() const;
  /// Whether the sum on one side is above `suspicion`, in standard deviations.
  [[nodiscard]] bool Suspects(double suspicion) const { return std::max(above_, below_) > suspicion; }
  void Reset() { *this = ShiftDetector(slack_, limit_); }

 private:
  double slack_;
  double limit_;
  double above_ = 0;
  double below_ = 0;
  int64_t runs_above_ = 0;  ///< Since that sum was 0.
  int64_t runs_below_ = 0;
  std::vector<double> latest_;  ///< How far the latest runs were off.
};

}  // namespace zeus::knowledge_gradient
