#pragma once

#include <filesystem>

#include "zeus/base/result.h"

namespace zeus {

/// What the kernel lets this process do to devices.
struct Privileges {
  bool root = false;       ///< Effective user 0: all that NVML and AMD SMI ask for.
  bool sys_admin = false;  ///< CAP_SYS_ADMIN among the effective capabilities: what a container is given.

  /// Whether the vendors' libraries let the process change settings.
  [[nodiscard]] bool MaySet() const { return root || sys_admin; }
};

/// Reads the Uid and CapEff lines of a status file (capabilities(7), proc(5)).
Result<Privileges> ReadPrivileges(const std::filesystem::path& status_file = "/proc/self/status");

}  // namespace zeus
