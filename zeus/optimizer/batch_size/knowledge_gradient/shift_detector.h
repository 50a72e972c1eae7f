#pragma once

#include <algorithm>
#include <cstdint>

namespace zeus::knowledge_gradient {

/// Notices that runs have come to take more, or fewer, epochs than is believed: a two-sided CUSUM (Page 1954) over how
/// many standard deviations each run was off.
class ShiftDetector {
 public:
  ShiftDetector(double slack, double limit) : slack_(slack), limit_(limit) {}

  /// Whether that was the run that gave it away; then start anew with Reset().
  bool Add(double deviations);
  /// How many runs the drift is taken to have lasted, once it was given away.
  [[nodiscard]] int64_t runs() const { return above_ > below_ ? runs_above_ : runs_below_; }
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
};

}  // namespace zeus::knowledge_gradient
