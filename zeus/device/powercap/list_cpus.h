#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/device/cpu.h"

namespace zeus {

struct CpuList {
  std::vector<std::unique_ptr<Cpu>> cpus;  ///< By number; those that can be read.
  /// Why others cannot, or lack their DRAM, each naming its file: one bad package does not hide the rest.
  std::vector<Error> problems;
  /// The longest pause between two readings: half of the time in which the fastest counter turns once at 1000 W. One
  /// that turns once more between two readings is lost without a trace. No meaning without cpus.
  Seconds longest_pause;
};

/// The processor packages of this machine by RAPL, as Linux shows it below `root`: see powercap_zones.h for where.
/// Zones that are no packages, such as a laptop's psys, which counts everything once more, are left out. kNotFound on a
/// machine without RAPL. The clock must outlive the cpus.
Result<CpuList> ListCpus(const std::filesystem::path& root = "/", const Clock& clock = Clock::System());

}  // namespace zeus
