#pragma once

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// Weighs energy against time: cost = eta * energy + (1 - eta) * MaxPower * time.
///
/// MaxPower is the GPU's highest settable power limit, times the number of GPUs the job uses; it turns seconds into the
/// joules the job could have used at most. Source: Zeus (NSDI'23), section 2.3, equation 2.
class CostMetric {
 public:
  /// eta in [0, 1] and MaxPower positive and finite, or kInvalidArgument.
  static Result<CostMetric> Create(double eta, Watts max_power);

  [[nodiscard]] double eta() const { return eta_; }
  [[nodiscard]] Watts max_power() const { return max_power_; }

  [[nodiscard]] Joules Cost(Joules energy, Seconds time) const {
    return eta_ * energy + (1 - eta_) * max_power_ * time;
  }

  /// The cost of one epoch that takes `time` at `average_power`.
  [[nodiscard]] Joules EpochCost(Watts average_power, Seconds time) const {
    return (eta_ * average_power + (1 - eta_) * max_power_) * time;
  }

 private:
  CostMetric(double eta, Watts max_power) : eta_(eta), max_power_(max_power) {}

  double eta_;
  Watts max_power_;
};

/// eta in [0, 1], or kInvalidArgument.
Result<void> ValidateEta(double eta);

/// beta, the early-stopping factor, is positive (infinity disables early stopping), or kInvalidArgument.
Result<void> ValidateBeta(double beta);

}  // namespace zeus
