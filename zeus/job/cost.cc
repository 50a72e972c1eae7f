#include "zeus/job/cost.h"

#include <fmt/format.h>

#include <cmath>

namespace zeus {

Result<void> ValidateEta(double eta) {
  if (eta >= 0 && eta <= 1) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the eta knob is {}: expected a number from 0 (time only) to 1 (energy only)", eta));
}

Result<void> ValidateBeta(double beta) {
  if (beta > 0) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the beta knob is {}: expected a number above 0, or inf for no early stopping", beta));
}

Result<CostMetric> CostMetric::Create(double eta, Watts max_power) {
  ZEUS_RETURN_IF_ERROR(ValidateEta(eta));
  if (!(max_power > Watts(0)) || !std::isfinite(max_power.value())) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the maximum power is {} W: expected a number above 0", max_power.value()));
  }
  return CostMetric(eta, max_power);
}

}  // namespace zeus
