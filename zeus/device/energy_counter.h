#pragma once

#include <cstdint>
#include <optional>

#include "zeus/device/gpu_readings.h"

namespace zeus {

/// Makes a rising total of a hardware counter that wraps or is reset: the one place where that is handled.
///
/// A counter with a range (RAPL) that falls has wrapped, once: read it at least once per round. A counter without one
/// (a GPU's 64 bits since the driver was loaded) that falls has been reset: what it shows now was counted since, and
/// what it counted between the last reading and the reset is lost. Not thread-safe.
class EnergyCounter {
 public:
  struct Reading {
    uint64_t total = 0;  ///< In the counter's unit; starts at the first raw value.
    CounterStep step = CounterStep::kFirst;
  };

  /// `range` is the number of distinct values: the counter's largest value plus one.
  explicit EnergyCounter(std::optional<uint64_t> range = std::nullopt) : range_(range) {}

  Reading Advance(uint64_t raw);

 private:
  std::optional<uint64_t> range_;
  bool seen_ = false;
  uint64_t last_raw_ = 0;
  uint64_t total_ = 0;
};

}  // namespace zeus
