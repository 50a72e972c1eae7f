#pragma once

#include <optional>
#include <string>
#include <variant>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu.h"

namespace zeus {

struct PowerLimitChange {
  Watts limit;
};

struct PersistenceChange {
  PersistenceMode mode = PersistenceMode::kOff;
};

struct ClockLock {
  ClockDomain domain = ClockDomain::kGraphics;
  ClockRange range;
};

struct ClockReset {
  std::optional<ClockDomain> domain;  ///< Absent: both.
};

/// A change of a GPU's settings that somebody asks for.
using SettingChange = std::variant<PowerLimitChange, PersistenceChange, ClockLock, ClockReset>;

/// The published name of its operation: "set_power_limit", "reset_mem_locked_clocks", ...
const char* OperationName(const SettingChange& change);

/// "set_power_limit 250 W", for a log.
std::string Describe(const SettingChange& change);

/// The value alone: "250 W", "on", "800 to 1000 MHz", "default".
std::string ValueText(const SettingChange& change);

/// The same of what is set now, where it can be read; else empty.
std::string ReadBefore(Gpu& gpu, const SettingChange& change);

/// By the GPU's own library; errors are those of GpuSettings.
Result<void> ApplyByLibrary(Gpu& gpu, const SettingChange& change);

}  // namespace zeus
