#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/device/remote/node_config.h"
#include "zeus/device/remote/node_messages.h"
#include "zeus/monitor/node_power.h"

namespace zeus {

class PowerBoard;
class PowerStream;

/// A node daemon, and the devices whose power is followed. Absent: all that there are and may be read; empty: none.
struct FollowedNode {
  NodeConfig node;
  std::optional<std::vector<node::Id>> gpus = {};
  std::optional<std::vector<node::Id>> cpus = {};
};

struct PowerStreamsOptions {
  std::chrono::milliseconds reconnect_delay = std::chrono::seconds(1);
  /// Bounds each of connecting, sending, and receiving an answer.
  std::chrono::milliseconds timeout = std::chrono::seconds(5);
  /// A stream that is silent for so long has its node asked whether it is still there: an event comes only when a
  /// device's power changes.
  std::chrono::milliseconds longest_silence = std::chrono::seconds(10);
  std::function<WallTime()> now = [] { return WallTime(std::chrono::system_clock::now()); };
};

/// Follows the power of devices of many node daemons at once, on a thread for each node and kind of device.
///
/// A stream that ends is opened again after a delay, unless the daemon refuses it (401, 403), which is its end. A bad
/// event is counted and passed over. Times are by this machine's clock: MeasureClockOffset, at each opening.
/// Thread-safe.
class PowerStreams {
 public:
  /// Asks each daemon for its devices, and begins. kInvalidArgument for two nodes with the same endpoint, and for a
  /// device that is not there; kPermissionDenied for devices that are named and may not be read; kUnavailable for a
  /// daemon that cannot be asked.
  static Result<std::unique_ptr<PowerStreams>> Open(const std::vector<FollowedNode>& nodes,
                                                    const PowerStreamsOptions& options = {});
  ~PowerStreams();
  PowerStreams(const PowerStreams&) = delete;
  PowerStreams& operator=(const PowerStreams&) = delete;

  /// The state of each node, in the order of Open(); after Stop() the last one.
  [[nodiscard]] std::vector<NodePower> Latest() const;

  /// Waits until something has come since the state `seen`, until Stop(), or so long. The state then; of the first
  /// call, 0 is seen.
  uint64_t WaitForNews(uint64_t seen, std::chrono::milliseconds wait) const;

  /// What people should know since the last call, a sentence each: nodes that go away and come back, bad events. When
  /// nobody takes them the oldest are given up.
  std::vector<std::string> TakeNotices();

  /// Ends all streams, at once unless a host's name is being looked up.
  void Stop();
  [[nodiscard]] bool is_stopped() const;

 private:
  explicit PowerStreams(std::unique_ptr<PowerBoard> board);

  // Synchronised by itself.
  std::unique_ptr<PowerBoard> board_;
  // Constant after Open(); each has a thread, which is joined with the mutex held.
  std::vector<std::unique_ptr<PowerStream>> streams_;
  std::mutex stop_mutex_;
};

}  // namespace zeus
