#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/device/amdsmi/amdsmi_library.h"
#include "zeus/device/gpu.h"

namespace zeus {

struct AmdGpuOptions {
  /// Waits while the energy counters run; really, where there is none. Called once, for all GPUs together.
  std::function<void(std::chrono::milliseconds)> sleep;
  /// Hears of what is odd but no error, in whole sentences: such as a GPU whose figures are those of two.
  std::function<void(const std::string&)> on_note;
  const Clock& clock = Clock::System();
};

/// All GPUs in HIP's order, `info().index` being HIP's number where no visibility variable is set. Takes half a second:
/// energy counters are checked against power sensors before they are offered. Clock and library must outlive the GPUs.
///
/// A GPU that is lost is listed, and says so when it is read. The list fails only where the order cannot be known.
Result<std::vector<std::unique_ptr<Gpu>>> ListAmdGpus(const AmdSmiLibrary& library, const AmdGpuOptions& options = {});

}  // namespace zeus
