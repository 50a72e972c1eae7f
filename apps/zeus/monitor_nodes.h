#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/zeus/monitor_reader.h"
#include "apps/zeus/monitor_view.h"
#include "zeus/base/result.h"
#include "zeus/monitor/power_streams.h"

namespace zeus {

/// The nodes of a list such as "node1:4938,unix:/run/zeusd/zeusd.sock", each asked with `token` unless that is empty,
/// for the GPUs of a list such as "0,2", or for all GPUs and CPUs where it is empty. kInvalidArgument says what was
/// expected.
Result<std::vector<FollowedNode>> ParseNodes(const std::string& list, const std::string& token,
                                             const std::string& gpus);

/// The power of nodes' devices.
struct NodesMonitor {
  std::vector<MonitorDevice> devices;  ///< Those that the nodes had in the beginning.
  MonitorReader read;
  std::function<std::vector<std::string>()> take_notices;  ///< What happened since the last call, a sentence each.
};

/// Begins to follow them, and waits a moment for the first power of each device. Errors are those of
/// PowerStreams::Open; kUnavailable where there is nothing to follow.
Result<NodesMonitor> FollowNodes(const std::vector<FollowedNode>& nodes);

}  // namespace zeus
