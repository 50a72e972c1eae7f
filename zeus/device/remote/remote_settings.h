#pragma once

#include <memory>
#include <string>

#include "zeus/device/gpu.h"
#include "zeus/device/remote/node_changer.h"

namespace zeus {

/// Settings of a GPU that are read where `read` reads them, and changed by the node daemon.
class RemoteSettings final : public GpuSettings {
 public:
  /// `read` must outlive it; `gpu` is the daemon's number of it.
  RemoteSettings(Gpu& read, std::shared_ptr<NodeChanger> changer, node::Id gpu)
      : read_(read), changer_(std::move(changer)), gpu_(gpu) {}

  [[nodiscard]] Result<PowerLimitRange> ReadPowerLimitRange() override;
  [[nodiscard]] Result<Watts> ReadPowerLimit() override;
  Result<void> SetPowerLimit(Watts limit) override;
  [[nodiscard]] Result<PersistenceMode> ReadPersistenceMode() override;
  Result<void> SetPersistenceMode(PersistenceMode mode) override;
  [[nodiscard]] Result<std::vector<Megahertz>> ReadSupportedClocks(ClockDomain domain,
                                                                   std::optional<Megahertz> memory_clock) override;
  Result<void> LockClocks(ClockDomain domain, ClockRange range) override;
  Result<void> ResetClocks(std::optional<ClockDomain> domain) override;

 private:
  Result<void> Change(const node::Change& change);

  Gpu& read_;
  const std::shared_ptr<NodeChanger> changer_;  // Shared by all devices of this process, which has one lease.
  const node::Id gpu_;
};

/// Settings that are read where `read` reads them, and that nobody changes: whoever should cannot be used.
/// What is so already may be asked for.
class RefusedSettings final : public GpuSettings {
 public:
  /// `read` must outlive it.
  RefusedSettings(Gpu& read, std::string why) : read_(read), why_(std::move(why)) {}

  [[nodiscard]] Result<PowerLimitRange> ReadPowerLimitRange() override;
  [[nodiscard]] Result<Watts> ReadPowerLimit() override;
  Result<void> SetPowerLimit(Watts limit) override;
  [[nodiscard]] Result<PersistenceMode> ReadPersistenceMode() override;
  Result<void> SetPersistenceMode(PersistenceMode mode) override;
  [[nodiscard]] Result<std::vector<Megahertz>> ReadSupportedClocks(ClockDomain domain,
                                                                   std::optional<Megahertz> memory_clock) override;
  Result<void> LockClocks(ClockDomain, ClockRange) override { return Refuse(); }
  Result<void> ResetClocks(std::optional<ClockDomain>) override { return Refuse(); }

 private:
  [[nodiscard]] Result<void> Refuse() const { return Fail(ErrorCode::kFailedPrecondition, why_); }

  Gpu& read_;
  const std::string why_;
};

}  // namespace zeus
