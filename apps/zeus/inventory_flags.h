#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "zeus/device/inventory.h"

namespace zeus {

/// The environment variables that say where devices are and which to use, and their values.
std::map<std::string, std::optional<std::string>> DeviceVariables();

/// The devices of this machine, as the environment says, without those of some backends.
std::unique_ptr<DeviceInventory> OpenInventory(std::set<std::string> without = {});

}  // namespace zeus
