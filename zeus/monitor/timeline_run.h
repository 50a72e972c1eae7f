#pragma once

#include <algorithm>
#include <ranges>

#include "zeus/base/clock.h"
#include "zeus/base/units.h"

namespace zeus {

/// Consecutive samples of one sensor that showed the same value: it was seen first at `first` and last at `last`. A
/// single sample has both alike.
template <class Value>
struct TimelineRun {
  Time first;
  Time last;
  Value value;

  bool operator==(const TimelineRun&) const = default;
};

/// The run that was seen nearest to `time`, the earlier of two that are as near; the end where there are none. `runs`
/// are in the order of time.
template <std::ranges::random_access_range Runs>
auto RunNear(const Runs& runs, Time time) {
  using Run = std::ranges::range_value_t<Runs>;
  const auto after = std::ranges::upper_bound(runs, time, {}, &Run::first);
  if (after == std::ranges::begin(runs)) return after;
  const auto before = after - 1;
  if (after == std::ranges::end(runs) || time <= before->last) return before;
  return time - before->last <= after->first - time ? before : after;
}

using PowerRun = TimelineRun<Watts>;
using TemperatureRun = TimelineRun<Celsius>;

}  // namespace zeus
