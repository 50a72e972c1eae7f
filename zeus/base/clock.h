#pragma once

#include <chrono>

namespace zeus {

/// A point on the machine's monotonic clock: never set, the same for all processes of one boot.
using Time = std::chrono::steady_clock::time_point;

/// The first full multiple of `period` after `now`: those who keep to such times wake up together. Precondition:
/// period > 0.
inline Time NextMultiple(Time now, std::chrono::nanoseconds period) {
  return now - now.time_since_epoch() % period + period;
}

/// Tells the time. Handed in, so that a test can hold it still.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time Now() const = 0;

  /// The machine's own; lives as long as the process.
  static const Clock& System();
};

namespace internal {
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time Now() const override { return std::chrono::steady_clock::now(); }
};
}  // namespace internal

inline const Clock& Clock::System() {
  static const internal::SystemClock kClock;
  return kClock;
}

}  // namespace zeus
