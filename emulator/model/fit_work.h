#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "emulator/model/gpu_model.h"
#include "emulator/model/operating_point.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus::emulator {

/// One row of a power trace: what a piece of work took under a limit.
struct ObservedRun {
  Watts limit;
  Seconds time;
  Watts power;
};

/// What a run costs: eta x energy + (1 - eta) x max_power x time.
struct CostWeights {
  double eta = 0.5;
  Watts max_power;  ///< The highest limit anybody may choose.
};

Joules Cost(const ObservedRun& run, CostWeights weights);

/// The position of the cheapest run, the first of equals. Needs at least one.
size_t CheapestRun(std::span<const ObservedRun> runs, CostWeights weights);

/// Whether a fit also cares which limit is cheapest.
enum class FitTo {
  kRows,             ///< Only time and power of each row.
  kRowsAndCheapest,  ///< Of fits about equally good, rather one whose cheapest limit is that of the rows.
};

/// The work that explains the observed runs best: with the least sum of squared relative errors in time and power,
/// large ones counted linearly so that one bad row does not decide. Deterministic: a grid, then a descent along one
/// parameter at a time. Four parameters are found: seconds of compute, memory and host, and the activity of computing;
/// fewer than two runs leave them open, and any that fits is returned.
///
/// kInvalidArgument when there are no runs, or one whose numbers are not finite and above 0.
Result<Work> FitWork(const GpuModel& gpu, std::span<const ObservedRun> runs, CostWeights weights,
                     FitTo fit_to = FitTo::kRowsAndCheapest);

/// What the model says each limit gives.
std::vector<ObservedRun> Predict(const GpuModel& gpu, const Work& work, std::span<const ObservedRun> at_limits_of);

}  // namespace zeus::emulator
