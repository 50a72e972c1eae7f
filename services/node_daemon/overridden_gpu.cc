#include "services/node_daemon/overridden_gpu.h"

#include <utility>

#include "services/node_daemon/setting_change.h"

namespace zeus {

Result<void> OverriddenGpu::Apply(const SettingChange& change) {
  std::optional<Result<void>> overridden = overrides_.Run(static_cast<uint64_t>(info().index), change);
  return overridden ? *std::move(overridden) : ApplyByLibrary(gpu_, change);
}

Result<PowerLimitRange> OverriddenGpu::ReadPowerLimitRange() {
  return gpu_.settings().ReadPowerLimitRange();
}

Result<Watts> OverriddenGpu::ReadPowerLimit() {
  return gpu_.settings().ReadPowerLimit();
}

Result<void> OverriddenGpu::SetPowerLimit(Watts limit) {
  return Apply(PowerLimitChange{limit});
}

Result<PersistenceMode> OverriddenGpu::ReadPersistenceMode() {
  return gpu_.settings().ReadPersistenceMode();
}

Result<void> OverriddenGpu::SetPersistenceMode(PersistenceMode mode) {
  return Apply(PersistenceChange{mode});
}

Result<std::vector<Megahertz>> OverriddenGpu::ReadSupportedClocks(ClockDomain domain,
                                                                  std::optional<Megahertz> memory_clock) {
  return gpu_.settings().ReadSupportedClocks(domain, memory_clock);
}

Result<void> OverriddenGpu::LockClocks(ClockDomain domain, ClockRange range) {
  return Apply(ClockLock{domain, range});
}

Result<void> OverriddenGpu::ResetClocks(std::optional<ClockDomain> domain) {
  return Apply(ClockReset{domain});
}

}  // namespace zeus
