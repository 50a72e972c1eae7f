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

/// Whether the node daemon that the environment names, if it does, stands between this process and devices.
enum class NodeUse {
  kLeased,   ///< What is changed through it comes back when this process ends.
  kForGood,  ///< What is changed stays: for who puts back what others left.
  kNever,    ///< For the daemon itself.
};

/// The devices of this machine, as the environment says, without those of some backends.
std::unique_ptr<DeviceInventory> OpenInventory(NodeUse node = NodeUse::kLeased, std::set<std::string> without = {});

}  // namespace zeus
