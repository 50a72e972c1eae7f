#pragma once

#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/monitor/energy_monitor.h"
#include "zeus/monitor/stable_measurement.h"

namespace zeus {

/// Which duration of TrialOptions a sweep tries.
enum class SweptDuration { kMeasurement, kCooldown };

struct DurationSweepOptions {
  TrialOptions trial{.cooldown = Seconds(10)};  ///< Its other duration stays as it is here.
  std::vector<Seconds> durations;               ///< Empty: 1, 2, ..., 10 s.
  int trials = 10;                              ///< For each duration.
  int warmup_trials = 2;                        ///< Once, without cool-down and warm-up, at the longest measurement.
  Joules threshold{0.01};                       ///< A duration is valid when the standard deviation is below.
};

/// One duration's trials.
struct SweepEntry {
  Seconds measurement;
  Seconds cooldown;
  std::vector<Trial> trials;
  TrialSpread spread;
  bool valid = false;
};

struct SweepReport {
  SweptDuration swept = SweptDuration::kMeasurement;
  Seconds fixed;  ///< The other duration.
  std::vector<SweepEntry> entries;
};

/// Shows how long a body must be measured, or a device must cool down, until repeated trials agree: trials at each of
/// several durations. Errors are those of CalibrateIteration and MeasureTrial.
Result<SweepReport> SweepDuration(SweptDuration swept, const MeasuredBody& body, EnergyMonitor& monitor,
                                  const DurationSweepOptions& options);

/// "measurement=1.0 s  cooldown=10.0 s  mean=0.1234 J  std=0.0012 J  temp_before=40.0 °C  temp_after=45.0 °C  [VALID]",
/// as the published package prints it. Temperatures that are not known are "-".
std::string ToText(const SweepEntry& entry);
/// A line that names the sweep and the fixed duration, then one line an entry.
std::string ToText(const SweepReport& report);

}  // namespace zeus
