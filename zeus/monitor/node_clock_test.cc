#include "zeus/monitor/node_clock.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::IsError;

TEST(NodeClockTest, TheMedianOfFive) {
  // The fourth answer takes long, the fifth's clock was wrong for a moment.
  const std::vector<milliseconds> takes{milliseconds(4), milliseconds(2), milliseconds(2), milliseconds(900),
                                        milliseconds(2)};
  const std::vector<milliseconds> behind{milliseconds(500), milliseconds(500), milliseconds(500), milliseconds(500),
                                         milliseconds(-9000)};
  WallTime clock{std::chrono::hours(100)};
  size_t asked = 0;
  const auto ask = [&]() -> Result<WallTime> {
    const size_t i = asked++;
    clock += takes[i];
    return clock - takes[i] / 2 - behind[i] - (i == 0 ? milliseconds(1) : milliseconds(0));
  };
  const Result<nanoseconds> offset = MeasureClockOffset(ask, [&] { return clock; });
  EXPECT_EQ(offset.value_or(nanoseconds(0)), milliseconds(500));
  EXPECT_EQ(asked, 5);
}

TEST(NodeClockTest, NoAnswer) {
  size_t asked = 0;
  const auto ask = [&]() -> Result<WallTime> {
    if (++asked == 3) return Fail(ErrorCode::kUnavailable, "gone");
    return WallTime();
  };
  EXPECT_THAT(MeasureClockOffset(ask, [] { return WallTime(); }), IsError(ErrorCode::kUnavailable, "gone"));
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace zeus
