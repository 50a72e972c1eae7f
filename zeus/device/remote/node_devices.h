#pragma once

#include <memory>
#include <string>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/device/cpu.h"
#include "zeus/device/gpu.h"
#include "zeus/device/remote/node_changer.h"
#include "zeus/device/remote/node_config.h"

namespace zeus {

/// How it went to go through the node daemon. What cannot is never done without it.
struct NodeReport {
  std::string why_no_gpus;  ///< Why it changes no GPU's settings; empty where it does, or there is no GPU.
  std::string why_no_cpus;  ///< Why it reads no CPU; empty where it does, or need not.

  /// Both in one text; empty where nothing is amiss.
  [[nodiscard]] std::string WhyNot() const;
};

/// Has the node daemon change the settings of `gpus`, which are this machine's, all that could be opened; and read
/// those that no library of this machine's knows, all or none. Where it cannot be used, their settings are refused.
///
/// The daemon's GPUs are found by their PCI addresses. Where none of them fits and there are as many, as in a
/// virtual machine that numbers its own, by the vendor's order.
///
/// `cpus` are those that this process may read itself; where there are none, the daemon's take their place.
NodeReport GoThroughNode(const NodeConfig& config, NodeChanges changes, const Clock& clock,
                         std::vector<std::unique_ptr<Gpu>>& gpus, std::vector<std::unique_ptr<Cpu>>& cpus);

/// The same where the variables that lead to the daemon cannot be followed.
NodeReport RefuseSettings(const std::string& why, std::vector<std::unique_ptr<Gpu>>& gpus);

/// "00000000:0A:00.0" as "0000:0a:00.0"; what is no PCI address stays as it is.
std::string NormalPciAddress(std::string_view address);

}  // namespace zeus
