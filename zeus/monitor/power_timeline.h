#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "zeus/base/clock.h"
#include "zeus/base/units.h"
#include "zeus/monitor/timeline_run.h"

namespace zeus {

/// Longer stretches between two samples count as not seen.
inline constexpr Seconds kAnyGap{std::numeric_limits<double>::infinity()};

/// Power between two times, from samples.
struct PowerSummary {
  Joules energy;
  Seconds duration;      ///< From the one time to the other.
  Seconds held_over;     ///< The part of it that no two samples enclose: there the nearest sample's power was assumed.
  Watts peak;            ///< The highest power that was seen or held within.
  uint64_t samples = 0;  ///< Within; a run counts as one.

  [[nodiscard]] Watts average() const { return duration.value() > 0 ? energy / duration : Watts(0); }
};

/// Integrates a stream of samples between two times, in constant memory: by the trapezoid rule between samples, with
/// the first and the last held to the edges. (The published package leaves out the edges and whatever did not change,
/// and finds 0 J for a constant power.) Times are seconds from any one origin.
class PowerIntegrator {
 public:
  /// A stretch between samples longer than `longest_gap` counts as held over; the earlier power is assumed through it.
  /// `to` may be infinite: then it is the last sample's time.
  PowerIntegrator(Seconds from, Seconds to, Seconds longest_gap = kAnyGap);

  /// Samples come in the order of their times; one that is earlier than the last is passed over.
  void Add(Seconds time, Watts power) { AddRun(time, time, power); }
  /// The same power from `first` to `last`.
  void AddRun(Seconds first, Seconds last, Watts power);

  /// Of what was added so far. Nothing when nothing was.
  [[nodiscard]] std::optional<PowerSummary> Summary() const;

 private:
  struct Point {
    Seconds time;
    Watts power;
  };

  /// Adds the straight line from the one point to the other, as far as it lies between the two times.
  void AddLine(Point a, Point b);
  static void Hold(Seconds from, Seconds to, Watts power, PowerSummary& summary);

  Seconds from_;
  Seconds to_;
  Seconds longest_gap_;
  PowerSummary sum_;
  std::optional<Point> last_;
};

/// The same over runs in the order of their times. Nothing when there are none or `to` is before `from`.
std::optional<PowerSummary> SummarizePower(std::span<const PowerRun> runs, Time from, Time to,
                                           Seconds longest_gap = kAnyGap);

/// The power of the sample nearest to `time`, the earlier of two that are as near. Nothing when there are none.
std::optional<Watts> PowerAt(std::span<const PowerRun> runs, Time time);

}  // namespace zeus
