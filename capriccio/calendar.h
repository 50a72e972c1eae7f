#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "zeus/base/result.h"

/// Days and times of the proleptic Gregorian calendar, independent of locale and time zone.
namespace zeus::capriccio {

/// Days since 1970-01-01.
using Day = int64_t;
/// Microseconds since 1970-01-01 00:00, by the clock that the text was dated with.
using Time = int64_t;

inline constexpr int64_t kSecondsPerDay = 86400;
inline constexpr int64_t kTimesPerSecond = 1'000'000;

constexpr Day DayOf(Time time) {
  constexpr int64_t kTimesPerDay = kSecondsPerDay * kTimesPerSecond;
  return time >= 0 ? time / kTimesPerDay : -((-time + kTimesPerDay - 1) / kTimesPerDay);
}

/// "2009-05-01".
std::string DayText(Day day);

/// "2009-05-01T09:30:00", without what is less than a second.
std::string TimeText(Time time);

/// Reads "2009-05-01"; years 0000 to 9999. kInvalidArgument for anything else.
Result<Day> ParseDay(std::string_view text);

/// "Fri May 01 09:30:00 PDT 2009": the published data's dates. `second` counts within the day.
void AppendTweetDate(Day day, int64_t second, std::string* text);

}  // namespace zeus::capriccio
