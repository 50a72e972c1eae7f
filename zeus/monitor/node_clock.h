#pragma once

#include <chrono>
#include <functional>

#include "zeus/base/result.h"
#include "zeus/trace/power_log.h"

namespace zeus {

/// What must be added to another machine's times to have this one's: the median over five questions of the middle
/// between asking and being answered, less the time answered. As good as the way there is as long as the way back.
///
/// `ask` gives the other's time, `now` this one's. The first error of `ask` is the result. Source: the published
/// package's PowerStreamingClient.
Result<std::chrono::nanoseconds> MeasureClockOffset(const std::function<Result<WallTime>()>& ask,
                                                    const std::function<WallTime()>& now);

}  // namespace zeus
