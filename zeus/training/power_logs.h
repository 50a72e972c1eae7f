#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// Where the power log of GPU n goes.
using PowerLogPath = std::function<std::filesystem::path(size_t gpu)>;

/// Writes a power log (zeus/trace/power_log.h) of each of some GPUs until it ends.
class PowerLogs {
 public:
  virtual ~PowerLogs() = default;

  /// Ends the logs; the first error that came up meanwhile. Called once.
  virtual Result<void> Finish() = 0;
};

/// The original's period.
inline constexpr Seconds kPowerLogPeriod{0.1};

/// On a thread of this process, each period. A GPU that cannot be read leaves a gap, and one that has no power sensor
/// has a log without samples; a log that cannot be written is an error of Finish(). GPUs must outlive it.
Result<std::unique_ptr<PowerLogs>> LogPowerOnThread(const std::vector<Gpu*>& gpus, const PowerLogPath& path,
                                                    Seconds period = kPowerLogPeriod);

/// By a process for each GPU: `monitor LOG 0 100 INDEX`, the original monitor's command line; it ends on SIGINT.
/// kNotFound or kPermissionDenied when it cannot be run; Finish() names one that failed.
Result<std::unique_ptr<PowerLogs>> LogPowerWithMonitor(const std::filesystem::path& monitor,
                                                       const std::vector<Gpu*>& gpus, const PowerLogPath& path);

}  // namespace zeus
