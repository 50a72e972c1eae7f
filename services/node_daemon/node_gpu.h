#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "services/node_daemon/command_overrides.h"
#include "services/node_daemon/device_owner.h"
#include "services/node_daemon/kept_settings.h"
#include "services/node_daemon/lease_book.h"
#include "services/node_daemon/node_log.h"
#include "services/node_daemon/overridden_gpu.h"
#include "services/node_daemon/power_feed.h"
#include "services/node_daemon/setting_change.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// A change that somebody asks for.
struct ChangeRequest {
  SettingChange change;
  std::string who;               ///< For the log.
  std::optional<int64_t> lease;  ///< Put back when that ends; absent: it stays.
};

/// What all GPUs of a node have in common.
struct NodeGpuOptions {
  const CommandOverrides* overrides = nullptr;  ///< Outlives the GPUs.
  Seconds poll_period{1.0 / 20};                ///< Of streams.
  KeepingRules keeping;
  LeaseBook* leases = nullptr;  ///< Outlives the GPUs.
  NodeLog log;
};

/// One GPU as the daemon has it. What clients ask for is done in the order in which they asked, by the GPU's owner; its
/// power is sampled for streams by another thread, so that a setting that takes long does not hold them up.
/// Thread-safe.
class NodeGpu {
 public:
  using Changed = std::move_only_function<void(Result<void>)>;
  using Question = std::move_only_function<void(Gpu&)>;

  /// The GPU must outlive it, and what the log needs.
  NodeGpu(Gpu& gpu, const NodeGpuOptions& options);

  [[nodiscard]] const Gpu& gpu() const { return gpu_; }
  [[nodiscard]] uint64_t id() const { return static_cast<uint64_t>(gpu_.info().index); }
  [[nodiscard]] PowerFeed& power() { return power_; }

  /// Changes a setting after all that was asked before; `changed` tells how it went, on the thread that did it.
  void Change(ChangeRequest request, Changed changed);
  /// Puts back what was changed under a lease, after all that was asked before.
  void EndLease(int64_t lease);
  /// Asks it something after all that was asked before.
  void Ask(Question question);

  /// Finishes what was asked, and puts back what leases changed. Streams fall silent.
  void Stop();

 private:
  /// Every change of a setting goes through here.
  Result<void> Apply(ChangeRequest request);
  void RestoreLater();
  void Sample();

  Gpu& gpu_;
  OverriddenGpu overridden_;  // Changes go through it.
  const Seconds poll_period_;
  LeaseBook& leases_;
  const NodeLog log_;
  KeptSettings settings_;  // The owner's.
  PowerFeed power_;
  // The sampler's.
  std::optional<int64_t> streamed_mw_;
  bool told_failure_ = false;

  DeviceOwner owner_;
  DeviceOwner sampler_;
};

/// What its best sensor says, in whole milliwatts.
Result<int64_t> ReadMilliwatts(Gpu& gpu);

}  // namespace zeus
