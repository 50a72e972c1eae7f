#include "zeus/device/gpu_readings.h"

namespace zeus {

std::string_view ThrottleReasonName(ThrottleReason reason) {
  switch (reason) {
    case ThrottleReason::kIdle:
      return "idle";
    case ThrottleReason::kClockSetting:
      return "clock_setting";
    case ThrottleReason::kPowerLimit:
      return "power_limit";
    case ThrottleReason::kThermal:
      return "thermal";
    case ThrottleReason::kHardwareSlowdown:
      return "hardware_slowdown";
    case ThrottleReason::kSyncBoost:
      return "sync_boost";
    case ThrottleReason::kOther:
      return "other";
  }
  return "";
}

}  // namespace zeus
