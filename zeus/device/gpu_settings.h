#pragma once

#include <optional>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// What a GPU's power limit may be. Fixed by the card's firmware.
struct PowerLimitRange {
  Watts minimum;
  Watts maximum;
  Watts factory_default;
};

enum class ClockDomain { kGraphics, kMemory };

/// Both ends included.
struct ClockRange {
  Megahertz minimum;
  Megahertz maximum;

  bool operator==(const ClockRange&) const = default;
};

enum class PersistenceMode { kOff, kOn };

/// What can be changed about a GPU. Nothing here puts back what was there before: borrow settings through
/// zeus/control instead. Thread-safe.
///
/// Errors of every method: kFailedPrecondition where this GPU or its library has no such setting, kPermissionDenied
/// with what to do about it, kInvalidArgument with the range for a value outside, kUnavailable for a GPU that is lost
/// or a driver that failed.
///
/// One method more than an interface should have: each stands for one setting of the vendors' libraries.
class GpuSettings {
 public:
  virtual ~GpuSettings() = default;

  [[nodiscard]] virtual Result<PowerLimitRange> ReadPowerLimitRange() = 0;
  [[nodiscard]] virtual Result<Watts> ReadPowerLimit() = 0;
  /// Changes nothing, and needs no privilege, where the limit is that already.
  virtual Result<void> SetPowerLimit(Watts limit) = 0;

  [[nodiscard]] virtual Result<PersistenceMode> ReadPersistenceMode() = 0;
  virtual Result<void> SetPersistenceMode(PersistenceMode mode) = 0;

  /// Highest first. Graphics clocks can depend on the memory clock: those for `memory_clock`, or for the highest.
  [[nodiscard]] virtual Result<std::vector<Megahertz>> ReadSupportedClocks(
      ClockDomain domain, std::optional<Megahertz> memory_clock = std::nullopt) = 0;
  virtual Result<void> LockClocks(ClockDomain domain, ClockRange range) = 0;
  /// Hands one domain, or both, back to the driver. AMD GPUs know only both.
  virtual Result<void> ResetClocks(std::optional<ClockDomain> domain = std::nullopt) = 0;
};

}  // namespace zeus
