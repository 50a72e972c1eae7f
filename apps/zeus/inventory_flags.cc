#include "apps/zeus/inventory_flags.h"

#include <cstdlib>
#include <utility>

namespace zeus {
namespace {

std::optional<std::string> Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

std::map<std::string, std::optional<std::string>> DeviceVariables() {
  std::map<std::string, std::optional<std::string>> variables;
  for (const char* name : {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "HIP_VISIBLE_DEVICES", "AMDSMI_LIB_DIR",
                           "ROCM_PATH", "ZEUSD_SOCK_PATH", "ZEUSD_HOST_PORT"}) {
    variables.emplace(name, Variable(name));
  }
  return variables;
}

std::unique_ptr<DeviceInventory> OpenInventory(NodeUse node, std::set<std::string> without) {
  InventoryOptions options;
  options.without = std::move(without);
  options.visibility = {.cuda_visible_devices = Variable("CUDA_VISIBLE_DEVICES"),
                        .cuda_device_order = Variable("CUDA_DEVICE_ORDER"),
                        .hip_visible_devices = Variable("HIP_VISIBLE_DEVICES")};
  options.amdsmi.amdsmi_lib_dir = Variable("AMDSMI_LIB_DIR");
  options.amdsmi.rocm_path = Variable("ROCM_PATH");
  if (node != NodeUse::kNever) {
    options.node = ParseNodeVariables({.sock_path = Variable("ZEUSD_SOCK_PATH"),
                                       .host_port = Variable("ZEUSD_HOST_PORT"),
                                       .token = Variable("ZEUSD_TOKEN")});
  }
  options.node_changes = node == NodeUse::kForGood ? NodeChanges::kForGood : NodeChanges::kLeased;
  return DeviceInventory::Open(options);
}

}  // namespace zeus
