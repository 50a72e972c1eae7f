#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu.h"

namespace zeus {

struct RecordingOptions {
  std::filesystem::path log;
  std::optional<Seconds> duration;  ///< Absent: until a signal.
  Seconds period;                   ///< 0: as fast as the GPU answers.
};

struct Recording {
  uint64_t samples = 0;
  uint64_t failures = 0;            ///< Reads that failed, and left no line.
  std::optional<Error> last_error;  ///< Of the last read, if it failed: the GPU has not come back.
};

/// Writes a power log (zeus/trace/power_log.h) of one GPU until the time is over or an ending signal comes, at
/// deadlines that do not drift: those that pass during a read are skipped. Times are the wall clock's at the begin plus
/// the monotonic clock's since, so that setting the clock does not disorder the log. Lines are handed to the system
/// whole, at most a tenth of a second after their sample.
///
/// A GPU that cannot be read leaves a gap; `note` is told when that begins and when it is over. An error is the log's:
/// all lines before are in it, whole.
Result<Recording> RecordPower(Gpu& gpu, PowerSensor sensor, const RecordingOptions& options,
                              const std::function<void(std::string_view)>& note);

}  // namespace zeus
