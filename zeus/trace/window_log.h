#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/units.h"
#include "zeus/trace/problem.h"

namespace zeus {

/// How a figure of energy came about.
enum class EnergyProvenance {
  kMeasured,    ///< The difference of a counter.
  kIntegrated,  ///< Power samples, integrated.
  kEstimated,   ///< Power held over where nothing was seen, or a counter that was reset on the way.
};

/// "measured", "integrated", "estimated".
std::string_view ProvenanceName(EnergyProvenance provenance);

/// What a log says beyond the columns of the published package's.
enum class WindowLogDetail {
  kEnergies,     ///< Without CPUs, byte for byte the published package's columns.
  kProvenances,  ///< After all energies, gpuN_source for each GPU: a name of ProvenanceName, or "missing".
};

/// The columns of a window log after start_time,window_name,elapsed_time: gpuN_energy, then cpuN_energy, then
/// dramN_energy, in the order given here.
struct WindowLogColumns {
  std::vector<int> gpus;
  std::vector<int> cpus;
  std::vector<int> drams;
  WindowLogDetail detail = WindowLogDetail::kEnergies;
};

/// One window. Energies in the order of the columns; absent where a device was lost.
struct WindowRow {
  size_t line = 0;     ///< Where it was read, from 1; 0 for one that was not.
  Seconds start_time;  ///< Since the Unix epoch.
  std::string name;
  Seconds elapsed;
  std::vector<std::optional<Joules>> gpu_energy;
  std::vector<std::optional<Joules>> cpu_energy;
  std::vector<std::optional<Joules>> dram_energy;
  /// Of gpu_energy; empty in a log without them. What is absent there is kEstimated here.
  std::vector<EnergyProvenance> gpu_provenance;
};

struct WindowLog {
  WindowLogColumns columns;
  std::vector<WindowRow> rows;
};

/// With its line break. Without a GPU it ends in a comma, as the published package's does.
std::string WindowLogHeader(const WindowLogColumns& columns);
/// With its line break; the name quoted where RFC 4180 asks for it, numbers in shortest round-trip form, absent
/// energies empty. The row has as many energies as there are columns.
std::string WindowLogLine(const WindowLogColumns& columns, const WindowRow& row);

/// Reads a log of this package or of the published one (which quotes nothing: a window with a comma in its name is a
/// problem there). Unknown columns are passed over; lines with problems are left out. A last line that was not written
/// to its end is a problem, too.
WindowLog ParseWindowLog(std::string_view text, const std::string& source, Problems* problems);

}  // namespace zeus
