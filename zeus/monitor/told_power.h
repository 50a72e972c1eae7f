#pragma once

#include <optional>

#include "zeus/base/units.h"
#include "zeus/trace/power_log.h"

namespace zeus {

/// The energy under a power that is told whenever it changes: between two times at which it is told it stays as it was,
/// unlike sampled power, which is taken to go in a straight line (PowerIntegrator).
///
/// Where nobody told for a while, power is taken to go in a straight line from the last one to the next, and the energy
/// is estimated.
class ToldPower {
 public:
  /// From then on changes are told. What was told to be older, an event that waited for us, counts from then.
  void Begin(WallTime time);
  /// Precondition: Begin() was called. A time before the last one counts as that.
  void Add(WallTime time, Watts power);
  /// From then on nothing is told, until the next Begin().
  void Lose(WallTime time);

  /// Since the first power that was told.
  [[nodiscard]] Joules EnergyUntil(WallTime time) const;
  [[nodiscard]] bool is_estimated() const { return estimated_; }

 private:
  struct Point {
    WallTime time;
    Watts power;
  };

  [[nodiscard]] Joules Held(WallTime until) const;

  WallTime begin_;
  std::optional<Point> last_;
  bool lost_ = true;
  Joules energy_;  // Until last_.
  bool estimated_ = false;
};

}  // namespace zeus
