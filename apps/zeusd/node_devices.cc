#include "apps/zeusd/node_devices.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "apps/zeus/inventory_flags.h"

namespace zeus {
namespace {

bool Has(const std::vector<ApiGroup>& groups, ApiGroup group) {
  return std::ranges::find(groups, group) != groups.end();
}

std::set<std::string> BackendsWithout(const NodeDeviceChoice& choice) {
  std::set<std::string> without;
  const bool anything = choice.groups.empty();
  const bool wants_gpus =
      anything || Has(choice.groups, ApiGroup::kGpuControl) || Has(choice.groups, ApiGroup::kGpuRead);
  if (!wants_gpus || choice.gpu_backend == "amdsmi") without.insert("nvml");
  if (!wants_gpus || choice.gpu_backend == "nvml") without.insert("amdsmi");
  if (!anything && !Has(choice.groups, ApiGroup::kCpuRead)) without.insert("powercap");
  return without;
}

Result<void> CheckBackend(const NodeDevices& devices, const std::set<std::string>& without,
                          const std::string& gpu_backend) {
  if (gpu_backend == "auto") {
    const auto is_amd = [](const Gpu* gpu) { return gpu->info().vendor == GpuVendor::kAmd; };
    const auto amd = std::ranges::count_if(devices.gpus, is_amd);
    if (amd == 0 || static_cast<size_t>(amd) == devices.gpus.size()) return {};
    return Fail(ErrorCode::kInvalidArgument, "both NVIDIA and AMD GPUs detected; pick one with --gpu-backend");
  }
  if (without.contains(gpu_backend)) return {};
  for (const Backend& backend : devices.inventory->backends()) {
    if (backend.name != gpu_backend || backend.available()) continue;
    return Fail(ErrorCode::kUnavailable, fmt::format("--gpu-backend {}: {}", gpu_backend, backend.why_not));
  }
  return {};
}

}  // namespace

Result<NodeDevices> OpenNodeDevices(const NodeDeviceChoice& choice) {
  const std::set<std::string> without = BackendsWithout(choice);
  NodeDevices devices{.inventory = OpenInventory(NodeUse::kNever, without), .groups = choice.groups};
  devices.gpus = devices.inventory->AllGpus();
  devices.cpus = devices.inventory->Cpus();
  ZEUS_RETURN_IF_ERROR(CheckBackend(devices, without, choice.gpu_backend));
  if (!devices.groups.empty()) return devices;
  if (!devices.gpus.empty()) devices.groups = {ApiGroup::kGpuControl, ApiGroup::kGpuRead};
  devices.groups.push_back(ApiGroup::kCpuRead);
  return devices;
}

Result<void> CheckPrivileges(const std::vector<ApiGroup>& groups, ControlBy control_by) {
  if (::geteuid() == 0) return {};
  for (const ApiGroup group : groups) {
    if (group == ApiGroup::kGpuRead) continue;
    if (group == ApiGroup::kGpuControl && control_by == ControlBy::kCommands) continue;
    return Fail(
        ErrorCode::kPermissionDenied,
        fmt::format("API group '{}' requires root but Zeusd is not running as root; leave it out with --enable, "
                    "or say --allow-unprivileged to have what the system does not allow fail one by one",
                    ApiGroupName(group)));
  }
  return {};
}

}  // namespace zeus
