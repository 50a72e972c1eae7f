#pragma once

namespace zeus::knowledge_gradient {

/// Notices that runs have come to take more, or fewer, epochs than is believed: a two-sided CUSUM (Page 1954) over how
/// many standard deviations each run was off.
class ShiftDetector {
 public:
  ShiftDetector(double slack, double limit) : slack_(slack), limit_(limit) {}

  /// Whether that was the run that gave it away; then start anew with Reset().
  bool Add(double deviations);
  void Reset() { above_ = below_ = 0; }

 private:
  double slack_;
  double limit_;
  double above_ = 0;
  double below_ = 0;
};

}  // namespace zeus::knowledge_gradient
