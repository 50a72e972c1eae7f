#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/remote/node_config.h"
#include "zeus/device/remote/node_messages.h"
#include "zeus/monitor/power_event.h"
#include "zeus/trace/power_log.h"

namespace zeus {

/// A node daemon, and the devices whose power is followed. Absent: all that there are and the token allows; none: none.
struct FollowedNode {
  NodeConfig node;
  std::optional<std::vector<node::Id>> gpus = {};
  std::optional<std::vector<node::Id>> cpus = {};
};

/// Energy under power that was told.
struct ToldEnergy {
  Joules energy;  ///< Since the device's first event.
  /// Whether the node was away meanwhile: then power is taken to have gone in a straight line.
  bool is_estimated = false;
};

/// The latest of one device.
struct StreamedReading {
  WallTime time;  ///< When power came to be so, by this machine's clock.
  Watts power;
  ToldEnergy energy;
  std::optional<Watts> dram;  ///< Of a processor package whose memory is counted.
  ToldEnergy dram_energy;
};

/// The devices of one kind of one node, which have a stream of their own.
struct StreamedDevices {
  /// Why nothing comes; absent while the stream goes on, and where none was asked for.
  std::optional<Error> failure;
  /// What was asked for, and what the daemon told of besides; absent: nothing yet.
  std::map<node::Id, std::optional<StreamedReading>> devices;
  uint64_t bad_events = 0;
};

struct NodePower {
  std::string endpoint;  ///< HOST:PORT, or the socket's file.
  StreamedDevices gpus;
  StreamedDevices cpus;
  std::map<node::Id, std::string> gpu_names;
};

struct PowerStreamsOptions {
  std::chrono::milliseconds reconnect_delay = std::chrono::seconds(1);
  /// Bounds each of connecting, sending, and receiving an answer.
  std::chrono::milliseconds timeout = std::chrono::seconds(5);
  /// A stream that is silent for so long has its node asked whether it is still there: an event comes only when a
  /// device's power changes.
  std::chrono::milliseconds longest_silence = std::chrono::seconds(10);
};

/// Follows the power of devices of many node daemons at once, on a thread for each node and kind of device.
///
/// A stream that ends is opened again after a delay, unless the daemon refuses it (401, 403), which is its end. A bad
/// event is counted and passed over. Times are by this machine's clock: MeasureClockOffset, at each opening. Thread-safe.
class PowerStreams {
 public:
  /// Asks each daemon for its devices, and begins. kInvalidArgument for two nodes with the same endpoint, and for a
  /// device that is not there; kPermissionDenied for devices that are asked for by number and may not be read;
  /// kUnavailable for a daemon that cannot be reached, and what FindNodeAccess says beside.
  static Result<std::unique_ptr<PowerStreams>> Open(const std::vector<FollowedNode>& nodes,
                                                    PowerStreamsOptions options = {});
  ~PowerStreams();
  PowerStreams(const PowerStreams&) = delete;
  PowerStreams& operator=(const PowerStreams&) = delete;

  /// The state of each node, in the order of Open(). After Stop() what was last.
  [[nodiscard]] std::vector<NodePower> Latest() const;

  /// Waits until something has come since the state `seen`, until Stop(), or so long; the state then. From 0, no news.
  uint64_t WaitForNews(uint64_t seen, std::chrono::milliseconds wait) const;

  /// What people should know, since the last call: nodes that go away and come back, bad events. A sentence each; the
  /// oldest are given up when nobody takes them.
  std::vector<std::string> TakeNotices();

  /// Ends all streams, within moments unless a host's name is being looked up. Nothing happens the second time.
  void Stop();
  [[nodiscard]] bool is_stopped() const;

 private:
  class Board;
  class Stream;

  PowerStreams();

  // Synchronised by itself.
  std::unique_ptr<Board> board_;
  // Constant after Open(); each runs a thread.
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace zeus
