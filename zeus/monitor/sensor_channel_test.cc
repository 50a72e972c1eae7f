#include "zeus/monitor/sensor_channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

Time At(double seconds) {
  return Time(std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(seconds)));
}

class SensorChannelTest : public ::testing::Test {
 protected:
  SensorChannel<Watts> Channel(size_t max_runs = 100, Seconds longest_gap = Seconds(10)) {
    return {[this] { return next_; }, max_runs, longest_gap};
  }
  Result<SensorChannel<Watts>::Total> Sample(SensorChannel<Watts>& channel, double time, double watts) {
    next_ = SensorChannel<Watts>::Reading{Watts(watts), At(time)};
    return channel.Sample();
  }

  Result<SensorChannel<Watts>::Reading> next_ = Fail(ErrorCode::kUnavailable, "GPU 0: lost");
};

TEST_F(SensorChannelTest, EqualSamplesAreOneRun) {
  auto channel = Channel();
  for (const double time : {0.0, 1.0, 2.0}) ASSERT_THAT(Sample(channel, time, 100), IsOk());
  ASSERT_THAT(Sample(channel, 3, 200), IsOk());
  EXPECT_THAT(channel.Runs(), ElementsAre(PowerRun{At(0), At(2), Watts(100)}, PowerRun{At(3), At(3), Watts(200)}));
  EXPECT_EQ(channel.samples(), 4U);
}

TEST_F(SensorChannelTest, ItsIntegralGoesOnWhenRunsAreGivenUp) {
  auto channel = Channel(3);
  for (int i = 0; i <= 100; ++i) ASSERT_THAT(Sample(channel, i, 100 + i), IsOk());
  EXPECT_EQ(channel.Runs().size(), 3U);
  EXPECT_EQ(channel.dropped_runs(), 98U);
  const auto total = Sample(channel, 101, 200);
  EXPECT_DOUBLE_EQ(total->value_seconds, 100 * 150 + 200);
  EXPECT_EQ(total->held_over, Seconds(0));
  EXPECT_EQ(total->time, At(101));
}

TEST_F(SensorChannelTest, AFailureIsKeptUntilTheNextSample) {
  auto channel = Channel();
  EXPECT_THAT(channel.Sample(), IsError(ErrorCode::kUnavailable, "GPU 0: lost"));
  EXPECT_EQ(channel.error()->message, "GPU 0: lost");
  EXPECT_EQ(channel.failures(), 1U);
  EXPECT_FALSE(channel.Latest().has_value());
  EXPECT_FALSE(channel.Near(At(0)).has_value());
  ASSERT_THAT(Sample(channel, 1, 100), IsOk());
  EXPECT_FALSE(channel.error().has_value());
}

TEST_F(SensorChannelTest, AGapIsHeldOverAndEndsARun) {
  auto channel = Channel(100, Seconds(10));
  ASSERT_THAT(Sample(channel, 0, 100), IsOk());
  const auto total = Sample(channel, 20, 100);
  EXPECT_DOUBLE_EQ(total->value_seconds, 2000);
  EXPECT_EQ(total->held_over, Seconds(20));
  EXPECT_EQ(channel.Runs().size(), 2U);
}

TEST_F(SensorChannelTest, ASampleThatWasOvertakenIsPassedOver) {
  auto channel = Channel();
  ASSERT_THAT(Sample(channel, 2, 100), IsOk());
  ASSERT_THAT(Sample(channel, 1, 300), IsOk());
  EXPECT_THAT(channel.Runs(), ElementsAre(PowerRun{At(2), At(2), Watts(100)}));
}

TEST_F(SensorChannelTest, RunsThatEncloseATime) {
  auto channel = Channel();
  for (int i = 0; i < 10; ++i) ASSERT_THAT(Sample(channel, i, 100 + i), IsOk());
  const auto runs = channel.Runs(At(3.5), At(5.5));
  ASSERT_EQ(runs.size(), 4U);
  EXPECT_EQ(runs.front().first, At(3));
  EXPECT_EQ(runs.back().first, At(6));
  EXPECT_EQ(channel.Runs(At(100), At(200)).size(), 1U);
  EXPECT_EQ(channel.Runs(At(-2), At(-1)).size(), 1U);
  EXPECT_EQ(channel.Near(At(3.4))->value, Watts(103));
  EXPECT_EQ(channel.Near(At(3.4))->time, At(3));
}

}  // namespace
}  // namespace zeus
