#pragma once

#include <optional>
#include <string>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/control/journal_record.h"
#include "zeus/device/gpu.h"

/// Settings that are read back: some cards, drivers and container runtimes accept one and change nothing. Each fails
/// as GpuSettings does, and with kUnavailable where the card says something else than what it was asked for.
namespace zeus {

/// "GPU 0 (Tesla V100-PCIE-16GB)".
std::string GpuLabel(const GpuInfo& info);

/// How far a power limit that is read back may be from the one that was set: cards round to their own steps.
inline constexpr Watts kPowerLimitTolerance{1};

/// How far a clock may be above what it is locked to, or what the driver rounds that to: one step of recent cards,
/// whose measured clocks wander by less.
inline constexpr Megahertz kClockTolerance{15};

Result<void> SetAndVerify(Gpu& gpu, Watts power_limit);
Result<void> SetAndVerify(Gpu& gpu, PersistenceMode mode);

/// What reading back a locked clock told.
enum class ClockReading {
  kConfirmed,   ///< The clock is not above the locked maximum. Below the minimum it may be: while the GPU idles.
  kCannotTell,  ///< The GPU does not tell this clock.
};

/// Clocks follow a setting with delay; they are read again and again for a while.
struct ClockWait {
  Seconds at_most{1.0};
  Seconds between_reads{0.02};
};

/// Waits until a domain that was locked obeys. Only the upper end can be verified. Sleeps between reads.
Result<ClockReading> VerifyLockedClocks(Gpu& gpu, ClockDomain domain, Megahertz maximum, const ClockWait& wait);

inline ClockDomain Other(ClockDomain domain) {
  return domain == ClockDomain::kGraphics ? ClockDomain::kMemory : ClockDomain::kGraphics;
}

/// Hands a domain back to the driver. Where a GPU can only reset both, the other one is locked to `other` again.
Result<void> ResetClockDomain(Gpu& gpu, ClockDomain domain, const std::optional<ClockRange>& other);

/// Puts back what was there before, everything that can be: what is restored leaves `record`, what is not stays. The
/// error is the first. May be repeated.
Result<void> RestoreSettings(Gpu& gpu, JournalRecord& record);

}  // namespace zeus
