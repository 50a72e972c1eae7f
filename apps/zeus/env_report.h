#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/control/leftovers.h"
#include "zeus/device/inventory.h"
#include "zeus/device/privileges.h"

namespace zeus {

/// What `zeus env` found out, apart from the devices themselves.
struct Environment {
  std::string operating_system;  ///< "Debian GNU/Linux 12 (bookworm), Linux 6.1.0".
  /// Python and the packages that matter, and their versions; no entry where there is none.
  std::map<std::string, std::string> python;
  Result<Privileges> privileges;
  std::string journal_folder;
  Result<std::vector<Leftover>> leftovers;                      ///< Settings that killed processes left changed.
  std::map<std::string, std::optional<std::string>> variables;  ///< Those that Zeus follows; nothing where unset.
};

std::string EnvText(const Environment& environment, const DeviceInventory& inventory, const Console& console);
std::string EnvJson(const Environment& environment, const DeviceInventory& inventory);

}  // namespace zeus
