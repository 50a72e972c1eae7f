#include "zeus/monitor/duration_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace zeus {
namespace {

std::vector<Seconds> DurationsOf(const DurationSweepOptions& options) {
  if (!options.durations.empty()) return options.durations;
  std::vector<Seconds> durations;
  for (int second = 1; second <= 10; ++second) durations.emplace_back(second);
  return durations;
}

std::string_view Name(SweptDuration swept) {
  return swept == SweptDuration::kMeasurement ? "measurement" : "cooldown";
}

std::string Degrees(const std::optional<Celsius>& temperature) {
  return temperature ? fmt::format("{:.1f} °C", temperature->value()) : "-";
}

std::string Figures(const SweepEntry& entry) {
  return fmt::format("mean={:.4f} J  std={:.4f} J  temp_before={}  temp_after={}  [{}]", entry.spread.mean.value(),
                     entry.spread.standard_deviation.value(), Degrees(entry.spread.temperature_before),
                     Degrees(entry.spread.temperature_after), entry.valid ? "VALID" : "INVALID");
}

}  // namespace

Result<SweepReport> SweepDuration(SweptDuration swept, const MeasuredBody& body, EnergyMonitor& monitor,
                                  const DurationSweepOptions& options) {
  if (options.trials < 1 || options.warmup_trials < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("trials: expected 1 or more after 0 or more to warm up, found {} after {}", options.trials,
                            options.warmup_trials));
  }
  const bool measurement = swept == SweptDuration::kMeasurement;
  const std::vector<Seconds> durations = DurationsOf(options);
  ZEUS_ASSIGN_OR_RETURN(const Seconds iteration, CalibrateIteration(body, options.trial));

  TrialOptions warmup = options.trial;
  warmup.cooldown = Seconds(0);
  warmup.warmup_iterations = 0;
  warmup.warmup_settle.reset();
  if (measurement) warmup.measurement = std::ranges::max(durations);
  for (int i = 0; i < options.warmup_trials; ++i) {
    ZEUS_RETURN_IF_ERROR(MeasureTrial(body, monitor, iteration, warmup));
  }

  SweepReport report{
      .swept = swept, .fixed = measurement ? options.trial.cooldown : options.trial.measurement, .entries = {}};
  for (const Seconds duration : durations) {
    TrialOptions trial = options.trial;
    (measurement ? trial.measurement : trial.cooldown) = duration;
    SweepEntry entry{.measurement = trial.measurement, .cooldown = trial.cooldown, .trials = {}, .spread = {}};
    for (int i = 0; i < options.trials; ++i) {
      ZEUS_ASSIGN_OR_RETURN(Trial measured, MeasureTrial(body, monitor, iteration, trial));
      entry.trials.push_back(measured);
    }
    entry.spread = SpreadOf(entry.trials);
    entry.valid = entry.spread.standard_deviation < options.threshold;
    report.entries.push_back(std::move(entry));
  }
  return report;
}

std::string ToText(const SweepEntry& entry) {
  return fmt::format("measurement={:.1f} s  cooldown={:.1f} s  {}", entry.measurement.value(), entry.cooldown.value(),
                     Figures(entry));
}

std::string ToText(const SweepReport& report) {
  const bool measurement = report.swept == SweptDuration::kMeasurement;
  std::string text =
      fmt::format("Sweep {} (fixed {}={:.1f} s):\n", Name(report.swept),
                  Name(measurement ? SweptDuration::kCooldown : SweptDuration::kMeasurement), report.fixed.value());
  std::vector<std::string> durations;
  size_t longest = 0;
  for (const SweepEntry& entry : report.entries) {
    const Seconds duration = measurement ? entry.measurement : entry.cooldown;
    durations.push_back(fmt::format("{}={:.1f} s", Name(report.swept), duration.value()));
    longest = std::max(longest, durations.back().size());
  }
  for (size_t i = 0; i < report.entries.size(); ++i) {
    text += fmt::format("  {:<{}}  {}\n", durations[i], longest, Figures(report.entries[i]));
  }
  return text;
}

}  // namespace zeus
