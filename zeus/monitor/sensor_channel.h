#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/monitor/timeline_run.h"

namespace zeus {

/// One sensor of one device, and what it has shown: runs of equal values, the newest up to a cap, and their integral
/// over all time. Thread-safe. Value is Watts or Celsius.
template <class Value>
class SensorChannel {
 public:
  struct Reading {
    Value value;
    Time time;
  };
  using Read = std::function<Result<Reading>()>;

  /// The integral of value over time from the first sample to the last: for power, joules.
  struct Total {
    double value_seconds = 0;
    Seconds held_over;  ///< What of that time lay in gaps too long to count as seen.
    Time time;          ///< Of the last sample.
  };

  /// Keeps `max_runs` runs; a gap longer than `longest_gap` was not seen.
  SensorChannel(Read read, size_t max_runs, Seconds longest_gap);

  /// Reads the sensor, keeps what it shows, and says the total up to that sample.
  Result<Total> Sample();
  /// The same for a thread that samples on and on: a failure is kept, and told by error().
  void SampleOnce();

  /// The runs that reach into `from` to `to`, in the order of time, not cut to them; and the last before and the first
  /// after, so that they enclose it.
  [[nodiscard]] std::vector<TimelineRun<Value>> Runs(Time from = Time::min(), Time to = Time::max()) const;
  /// The last sample; nothing before the first.
  [[nodiscard]] std::optional<Reading> Latest() const;
  /// The sample nearest to `time`, the earlier of two that are as near. Nothing before the first sample.
  [[nodiscard]] std::optional<Reading> Near(Time time) const;
  /// Of the last attempt to read; nothing when it succeeded.
  [[nodiscard]] std::optional<Error> error() const;
  [[nodiscard]] uint64_t samples() const;
  [[nodiscard]] uint64_t failures() const;
  /// Runs that were given up for newer ones.
  [[nodiscard]] uint64_t dropped_runs() const;

 private:
  void Append(const Reading& reading);

  // Constant after construction.
  const Read read_;
  const size_t max_runs_;
  const Seconds longest_gap_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::deque<TimelineRun<Value>> runs_;
  Total total_;
  std::optional<Error> error_;
  uint64_t samples_ = 0;
  uint64_t failures_ = 0;
  uint64_t dropped_ = 0;
};

extern template class SensorChannel<Watts>;
extern template class SensorChannel<Celsius>;

}  // namespace zeus
