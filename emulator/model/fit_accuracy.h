#pragma once

#include <cstddef>
#include <vector>

#include "emulator/model/fit_work.h"
#include "zeus/base/result.h"

namespace zeus::emulator {

/// The runs of one piece of work (of one dataset, network, optimizer and batch size) under several limits, ascending.

using RecordedWork = std::vector<ObservedRun>;

/// Which rows work is fitted to, and which the errors are of.
enum class Rows {
  kAll,      ///< All for both.
  kHeldOut,  ///< Fitted to the first, third and so on; errors of the others. Leaves out configurations of less than 4.
};

/// How well fitted work tells what was recorded.
struct FitAccuracy {
  struct Errors {
    double median = 0;  ///< Of relative errors' sizes: 0.01 is one percent.
    double percentile90 = 0;
  };

  size_t rows = 0;  ///< That the errors are of.
  Errors time;
  Errors power;

  /// Whether the limit that is cheapest in the model is the one that was cheapest as recorded. Over all limits of a
  /// configuration, also for kHeldOut.
  struct Cheapest {
    size_t configurations = 0;
    double exact = 0;     ///< Share of the configurations.
    double one_step = 0;  ///< Share where the two are at most one step apart.
    /// The same, where any limit counts as the model's that is as cheap in the model as the one it names: to work that
    /// no limit slows down, all are the same.
    double one_step_or_same = 0;
    double mean_regret = 0;  ///< What the model's choice costs above the cheapest, as recorded.
  };
  Cheapest all;
  /// Of configurations that draw more than the lowest limit under some limit. The others are not slowed down by any, so
  /// that which limit was recorded as cheapest is noise.
  Cheapest limited;
};

/// What is measured.
struct FitSetup {
  CostWeights weights;
  Watts step;  ///< From one limit to the next.
  Rows rows = Rows::kAll;
  FitTo fit_to = FitTo::kRowsAndCheapest;
};

/// Fits work to each configuration. Fails as FitWork does.
Result<FitAccuracy> MeasureFit(const GpuModel& gpu, const std::vector<RecordedWork>& configurations,
                               const FitSetup& setup);

}  // namespace zeus::emulator
