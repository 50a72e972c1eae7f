#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/trace/power_log.h"

namespace zeus {

/// Which samples of a log count: those from `start` to `end`, both included. Seconds from the first sample, or, where
/// negative, from the last; absent is the log's own begin or end.
struct PowerLogSpan {
  std::optional<Seconds> start;
  std::optional<Seconds> end;
};

/// What a power log says of a span. `time` is from the first to the last sample that counts, and `energy` the area
/// under them by the trapezoid rule: what lies between `start` and the first sample is no part of either.
struct PowerLogSummary {
  size_t samples = 0;
  WallTime log_begin;  ///< The log's first sample, whatever the span.
  WallTime first;
  WallTime last;
  Seconds time;
  Joules energy;
  Watts average;  ///< Energy over time.
  Watts lowest;
  Watts peak;
  Seconds longest_gap;  ///< Between two samples in a row.
  bool incomplete_line = false;
};

/// Called with each sample that counts and its time since the log's first.
using PowerLogObserver = std::function<void(Seconds since_begin, const PowerLogSample& sample)>;

/// Goes over a log once, in bounded memory. kInvalidData for a damaged log, with file and line; kInvalidArgument for a
/// span that ends before it starts, holds fewer than two samples or no time, or counts from the end of a pipe.
Result<PowerLogSummary> AnalyzePowerLog(const std::filesystem::path& path, const PowerLogSpan& span = {},
                                        const PowerLogObserver& observe = {});

}  // namespace zeus
