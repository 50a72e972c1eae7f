#include "zeus/trace/power_log_analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace zeus {
namespace {

using std::chrono::nanoseconds;

Seconds SecondsBetween(WallTime from, WallTime to) {
  return Seconds(std::chrono::duration<double>(to - from).count());
}

// To the nearest nanosecond, as the samples' own times are; beyond 64 bits, the end of time.
nanoseconds ToNanoseconds(Seconds time) {
  constexpr double kMost = 4e18;
  return nanoseconds(std::llround(std::clamp(time.value() * 1e9, -kMost, kMost)));
}

/// The span in nanoseconds since the first sample.
struct Bounds {
  nanoseconds start{0};
  nanoseconds end = nanoseconds::max();
};

Result<Bounds> FindBounds(const std::filesystem::path& path, const PowerLogSpan& span, WallTime begin) {
  std::optional<nanoseconds> length;
  const auto from_begin = [&](Seconds time) -> Result<nanoseconds> {
    if (time.value() >= 0) return ToNanoseconds(time);
    if (!length) {
      ZEUS_ASSIGN_OR_RETURN(const std::optional<PowerLogSample> last, ReadLastPowerLogSample(path));
      length = last ? last->time - begin : nanoseconds(0);
    }
    return *length + ToNanoseconds(time);
  };
  Bounds bounds;
  if (span.start) {
    ZEUS_ASSIGN_OR_RETURN(bounds.start, from_begin(*span.start));
  }
  if (span.end) {
    ZEUS_ASSIGN_OR_RETURN(bounds.end, from_begin(*span.end));
  }
  if (bounds.end <= bounds.start) {
    const auto seconds = [](nanoseconds time) { return std::chrono::duration<double>(time).count(); };
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: the span ends at {:.9g} s, which is not after its start at {:.9g} s", path.string(),
                            seconds(bounds.end), seconds(bounds.start)));
  }
  return bounds;
}

}  // namespace

Result<PowerLogSummary> AnalyzePowerLog(const std::filesystem::path& path, const PowerLogSpan& span,
                                        const PowerLogObserver& observe) {
  ZEUS_ASSIGN_OR_RETURN(PowerLogReader reader, PowerLogReader::Open(path));
  PowerLogSummary summary;
  Bounds bounds;
  PowerLogSample before;
  WallTime log_end;
  for (size_t read = 0;; ++read) {
    ZEUS_ASSIGN_OR_RETURN(const std::optional<PowerLogSample> sample, reader.Next());
    if (!sample) break;
    if (read == 0) {
      summary.log_begin = sample->time;
      ZEUS_ASSIGN_OR_RETURN(bounds, FindBounds(path, span, sample->time));
    }
    log_end = sample->time;
    const nanoseconds since_begin = sample->time - summary.log_begin;
    if (since_begin < bounds.start || since_begin > bounds.end) continue;
    if (summary.samples == 0) {
      summary.first = sample->time;
      summary.lowest = summary.peak = sample->power;
    } else {
      const Seconds step = SecondsBetween(before.time, sample->time);
      summary.energy += (before.power + sample->power) / 2.0 * step;
      summary.longest_gap = std::max(summary.longest_gap, step);
      summary.lowest = std::min(summary.lowest, sample->power);
      summary.peak = std::max(summary.peak, sample->power);
    }
    ++summary.samples;
    before = *sample;
    if (observe) observe(SecondsBetween(summary.log_begin, sample->time), *sample);
  }
  summary.last = before.time;
  summary.incomplete_line = reader.has_incomplete_line();
  if (summary.samples < 2 || summary.first == summary.last) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: energy needs two samples at different times, found {} {} (the log is {:.3f} s long)",
                            path.string(), summary.samples, span.start || span.end ? "in the span" : "in the log",
                            SecondsBetween(summary.log_begin, log_end).value()));
  }
  summary.time = SecondsBetween(summary.first, summary.last);
  summary.average = summary.energy / summary.time;
  return summary;
}

}  // namespace zeus
