#include "zeus/device/remote/remote_gpu.h"

#include <utility>

namespace zeus {
namespace {

GpuInfo InfoOf(const Gpu& read, NodeChanges changes) {
  GpuInfo info = read.info();
  info.settings_are_leased = changes == NodeChanges::kLeased;
  return info;
}

GpuCapabilities WithoutSettings(const Gpu& read, const std::string& why_not) {
  GpuCapabilities capabilities = read.capabilities();
  for (const Capability setting : {Capability::kSetPowerLimit, Capability::kSetPersistenceMode,
                                   Capability::kLockGraphicsClock, Capability::kLockMemoryClock}) {
    if (capabilities.Has(setting)) capabilities.Remove(setting, why_not);
  }
  return capabilities;
}

}  // namespace

RemoteGpu::RemoteGpu(std::unique_ptr<Gpu> read, std::shared_ptr<NodeChanger> changer, node::Id gpu, NodeChanges changes)
    : Gpu(InfoOf(*read, changes), read->capabilities()),
      read_(std::move(read)),
      settings_(std::make_unique<RemoteSettings>(*read_, std::move(changer), gpu)) {}

RemoteGpu::RemoteGpu(std::unique_ptr<Gpu> read, const std::string& why_not)
    : Gpu(read->info(), WithoutSettings(*read, why_not)),
      read_(std::move(read)),
      settings_(std::make_unique<RefusedSettings>(*read_, why_not)) {}

}  // namespace zeus
