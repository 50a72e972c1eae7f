#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "zeus/base/result.h"
#include "zeus/device/remote/node_config.h"
#include "zeus/monitor/power_board.h"
#include "zeus/monitor/power_streams.h"

namespace zeus {

/// One stream of PowerStreams: reads what one daemon tells of its GPUs or CPUs, and writes it to the board.
class PowerStream {
 public:
  struct Source {
    NodeConfig node;
    std::string target;                     ///< "/gpu/stream_power?gpu_ids=0,1"
    std::chrono::nanoseconds clock_offset;  ///< As just measured.
  };

  /// Begins. `board` outlives it.
  PowerStream(StreamKey key, Source source, const PowerStreamsOptions& options, PowerBoard& board);

  /// Has it end, and does not wait for that.
  void RequestStop() { thread_.request_stop(); }
  /// Waits until it has ended. Not from two threads at once.
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run(const std::stop_token& stop);
  // Returns when the stream ends; the error says why.
  Result<void> Follow(const std::stop_token& stop);
  [[nodiscard]] Result<void> AskWhetherItIsThere(const std::stop_token& stop) const;

  // Constant after construction.
  const StreamKey key_;
  const PowerStreamsOptions options_;
  PowerBoard& board_;
  // Of the thread alone.
  Source source_;
  bool offset_is_fresh_ = true;

  std::jthread thread_;  // Last: it uses the others.
};

/// The time of the daemon that `node` names, again and again over one connection.
std::function<Result<WallTime>()> TimeOf(const NodeConfig& node, std::chrono::milliseconds timeout,
                                         std::stop_token stop = {});

}  // namespace zeus
