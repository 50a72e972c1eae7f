#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/remote/node_messages.h"
#include "zeus/trace/power_log.h"

namespace zeus {

/// Energy under power that a daemon told.
struct ToldEnergy {
  Joules energy;  ///< Since the device's first event.
  /// Whether the node was away meanwhile: power is then taken to have gone in a straight line.
  bool is_estimated = false;
};

/// The latest of one device.
struct StreamedReading {
  WallTime time;  ///< Since when power is so, by this machine's clock.
  Watts power;
  ToldEnergy energy;
  std::optional<Watts> dram;  ///< Of a processor package whose memory is counted.
  std::optional<ToldEnergy> dram_energy;
};

/// The devices of one kind, which have a stream of their own.
struct StreamedDevices {
  bool is_followed = false;
  /// Why nothing comes; absent while the stream goes on.
  std::optional<Error> failure;
  /// Those that are followed; absent: nothing has come of it.
  std::map<node::Id, std::optional<StreamedReading>> latest;
  uint64_t bad_events = 0;
};

struct NodePower {
  std::string endpoint;  ///< HOST:PORT, or the socket's file.
  StreamedDevices gpus;
  StreamedDevices cpus;
  std::map<node::Id, std::string> gpu_names;
  std::set<node::Id> cpus_with_dram;  ///< Those whose memory is counted.
};

}  // namespace zeus
