#pragma once

#include <string>
#include <string_view>

#include "zeus/base/units.h"

namespace zeus::amdsmi {

/// How long the counters are watched before they are trusted.
inline constexpr Seconds kValidationTime(0.5);

/// What one GPU showed over kValidationTime.
struct EnergyEvidence {
  int index = 0;          ///< In HIP's order.
  std::string_view name;  ///< The market name.
  Watts power;            ///< Average, or else instant; 0 where there is neither.
  Joules counted;         ///< By the energy counter; below 0 for one that fell.
};

struct EnergyVerdict {
  std::string why_no_energy;  ///< Empty for a counter that can be trusted.
  std::string why_no_power;   ///< Empty for power sensors that can be trusted.
  std::string note;           ///< Something odd that people should know; usually empty.
};

/// Some drivers' counters are wrong by orders of magnitude (ROCm/amdsmi issue 38): one is trusted only if it counts
/// between a tenth and ten times of what the power sensor says. On the MI250, whose two chiplets are two GPUs, the
/// first reports the power of both and the second none.
EnergyVerdict JudgeEnergyCounter(const EnergyEvidence& evidence);

}  // namespace zeus::amdsmi
