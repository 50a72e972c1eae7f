#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/node_daemon/api_group.h"
#include "zeus/device/inventory.h"

namespace zeus {

/// What a daemon was told about devices.
struct NodeDeviceChoice {
  std::string gpu_backend = "auto";  ///< Or "nvml", "amdsmi".
  std::vector<ApiGroup> groups;      ///< Empty: those that make sense here.
};

/// The devices that a daemon serves, and what it lets do with them.
struct NodeDevices {
  std::unique_ptr<DeviceInventory> inventory;
  std::vector<Gpu*> gpus;
  std::vector<Cpu*> cpus;
  std::vector<ApiGroup> groups;
};

/// Opens the devices that the groups need. kUnavailable for a backend that was named and cannot be used;
/// kInvalidArgument where GPUs of both vendors are there and none was named.
Result<NodeDevices> OpenNodeDevices(const NodeDeviceChoice& choice);

/// Who changes settings: the GPUs' library, or, at least in part, commands that others wrote.
enum class ControlBy { kLibrary, kCommands };

/// kPermissionDenied for the first group that only root can serve, where we are not root. What commands need is theirs
/// to say.
Result<void> CheckPrivileges(const std::vector<ApiGroup>& groups, ControlBy control_by);

}  // namespace zeus
