#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "zeus/base/units.h"
#include "zeus/device/gpu_settings.h"

/// What the node daemon answers, and what it can be asked to change. Ids are the daemon's own: places in the vendor's
/// order on its machine, whatever is visible here.
namespace zeus::node {

using Id = int64_t;

struct GpuEntry {
  Id id = 0;
  std::string name;
  std::string pci_address;  ///< "0000:01:00.0"
  bool cumulative_energy_available = false;
};

struct CpuEntry {
  Id id = 0;
  bool dram_available = false;
};

struct Discovery {
  std::vector<GpuEntry> gpus;
  std::vector<CpuEntry> cpus;
  std::vector<std::string> enabled_api_groups;
  bool auth_required = false;
};

/// Whose token it is.
struct Identity {
  std::string subject;
  std::vector<std::string> scopes;
  std::optional<int64_t> expires_s;  ///< Since 1970, UTC; absent: never.
};

struct GpuPower {
  int64_t timestamp_ms = 0;  ///< Since 1970, UTC, by the daemon's clock.
  std::map<Id, Watts> power;
};

struct PowerLimits {
  Watts minimum;
  Watts maximum;
};

/// Since some moment before; absent where it was not asked for, or is not there.
struct CpuEnergy {
  std::optional<Joules> package;
  std::optional<Joules> dram;
};

struct CpuPower {
  Watts package;
  std::optional<Watts> dram;
};

struct CpuPowers {
  int64_t timestamp_ms = 0;
  std::map<Id, CpuPower> power;
};

struct SetPowerLimit {
  Watts limit;
};
struct SetPersistenceMode {
  PersistenceMode mode = PersistenceMode::kOn;
};
struct LockClocks {
  ClockDomain domain = ClockDomain::kGraphics;
  ClockRange range;
};
/// Hands one domain, or both, back to the driver.
struct ResetClocks {
  std::optional<ClockDomain> domain;
};
using Change = std::variant<SetPowerLimit, SetPersistenceMode, LockClocks, ResetClocks>;

/// Whether an answer waits until the setting is made, and tells how that went.
enum class Wait { kUntilMade, kNot };

}  // namespace zeus::node
