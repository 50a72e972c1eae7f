#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/units.h"

namespace zeus {

/// Which of a GPU's power figures. How long "average" is depends on the card: one second on recent NVIDIA ones.
enum class PowerSensor { kInstant, kAverage, kMemoryAverage };

struct PowerSample {
  Watts power;
  Time time;  ///< When the library had answered; the sensor itself may have last updated earlier.
};

/// What a counter did between the previous reading and this one.
enum class CounterStep {
  kFirst,     ///< There was no reading before.
  kAdvanced,  ///< It grew or stood still.
  kWrapped,   ///< It passed its largest value and began anew; the difference is corrected and exact.
  kReset,     ///< It fell without a known range: what was counted between the last reading and the reset is lost.
};

struct EnergySample {
  Joules energy;  ///< Never falls, whatever the device's counter does.
  Time time;
  CounterStep step = CounterStep::kFirst;
};

/// Why a GPU runs slower than it could.
enum class ThrottleReason { kIdle, kClockSetting, kPowerLimit, kThermal, kHardwareSlowdown, kSyncBoost, kOther };

/// "idle", "clock_setting", "power_limit", ...
std::string_view ThrottleReasonName(ThrottleReason reason);

/// A glance at a GPU. Each figure is absent where this GPU has none or it cannot be read now.
struct GpuStatus {
  std::optional<Megahertz> graphics_clock;
  std::optional<Megahertz> memory_clock;
  std::optional<double> gpu_utilization;     ///< 0 to 1: the share of the last sensor period in which a kernel ran.
  std::optional<double> memory_utilization;  ///< 0 to 1: the share in which device memory was read or written.
  std::optional<uint64_t> memory_used;       ///< Bytes.
  std::optional<uint64_t> memory_total;      ///< Bytes.
  std::optional<std::vector<ThrottleReason>> throttle_reasons;
};

/// A process that has a context on a GPU.
struct GpuProcess {
  enum class Kind { kCompute, kGraphics };

  int64_t pid = 0;
  Kind kind = Kind::kCompute;
  std::optional<uint64_t> memory_used;  ///< Bytes; absent where the driver does not tell.
};

}  // namespace zeus
