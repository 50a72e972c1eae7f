#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/remote/node_messages.h"
#include "zeus/trace/power_log.h"

namespace zeus {

/// What a node daemon streams the power of.
enum class StreamedKind { kGpu, kCpu };

/// The power of one device has changed.
struct PowerEvent {
  WallTime time;  ///< By the node's clock.
  node::Id id = 0;
  Watts power;
  std::optional<Watts> dram;  ///< Of a processor package whose memory is counted.
};

/// `{"timestamp_ms","gpu_id","power_mw"}`, or `{"timestamp_ms","cpu_id","cpu_mw","dram_mw"}`. kInvalidData for anything
/// else; what is there beside it is passed over.
Result<PowerEvent> ParsePowerEvent(StreamedKind kind, std::string_view data);

/// Milliseconds since 1970, UTC. kInvalidData for what lies before that or after 2109: it is no time of now.
Result<WallTime> ToWallTime(int64_t milliseconds);

}  // namespace zeus
