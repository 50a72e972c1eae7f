#pragma once

#include <memory>
#include <mutex>

#include "zeus/base/clock.h"
#include "zeus/device/cpu.h"
#include "zeus/device/energy_counter.h"
#include "zeus/device/remote/node_client.h"
#include "zeus/device/remote/node_messages.h"

namespace zeus {

/// A processor whose counters are read by the node daemon, which sees to those that wrap. kUnavailable also where the
/// daemon has no figure that it has announced.
class RemoteCpu final : public Cpu {
 public:
  /// The clock must outlive it.
  RemoteCpu(std::shared_ptr<NodeClient> client, const node::CpuEntry& entry, const Clock& clock);

  [[nodiscard]] Result<CpuEnergySample> ReadEnergy() override;

 private:
  const std::shared_ptr<NodeClient> client_;  // Shared by all devices that the daemon reads.
  const node::Id id_;
  const Clock& clock_;

  std::mutex mutex_;  // Guards what follows, and is held while it is read: see EnergyCounter.
  // uJ. The daemon's fall when it starts anew: it then has not seen how often the hardware's had wrapped.
  EnergyCounter package_;
  EnergyCounter dram_;
};

}  // namespace zeus
