#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/base/wall_time.h"
#include "zeus/trace/window_log.h"

namespace zeus {

/// What one device consumed in a window, and how far to trust that.
struct EnergyFigure {
  Joules energy;
  EnergyProvenance provenance = EnergyProvenance::kMeasured;
  /// The counter, or the sensor that was integrated, did not move or had too few periods to: where in its period the
  /// window began and ended is then as large as the figure.
  bool too_short = false;
};

struct CpuFigures {
  Result<EnergyFigure> package;
  std::optional<Result<EnergyFigure>> dram;  ///< Absent where the package has no such counter.
};

/// The result of an energy window. A device that was lost has an error in its place and the others have their figures.
struct Measurement {
  WallTime start;  ///< What the wall clock said when the window was opened. For people and logs.
  Time begin;      ///< The same moment and the end on the monotonic clock.
  Time end;
  Seconds duration;                        ///< From the monotonic clock: not touched when the wall clock is set.
  std::vector<Result<EnergyFigure>> gpus;  ///< In the monitor's order.
  std::vector<CpuFigures> cpus;            ///< In the monitor's order.

  /// The sum of the GPUs alone, as in the published package; missing ones count nothing.
  [[nodiscard]] Joules TotalEnergy() const;
  [[nodiscard]] Joules CpuEnergy() const;   ///< The sum of the packages.
  [[nodiscard]] Joules DramEnergy() const;  ///< The sum of their memory.

  /// One sentence for each part that is missing, naming the device; empty where the measurement is complete.
  [[nodiscard]] std::vector<std::string> Missing() const;
};

/// The measurement as a row of a log: energies in the monitor's order, DRAM of those packages that have some.
WindowRow ToWindowRow(std::string name, const Measurement& measurement);

}  // namespace zeus
