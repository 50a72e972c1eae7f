#include "zeus/monitor/sensor_period.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/manual_clock.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

/// A GPU whose sensor shows a new value each `period` as time passes, and time passes when somebody sleeps.
class SensorPeriodTest : public ::testing::Test {
 protected:
  /// From `busy_from` on, for 0.03 s, the machine lets nobody run.
  [[nodiscard]] SensorPeriodOptions Options(Seconds period, Seconds busy_from = Seconds(1e9)) {
    return {.clock = clock_, .sleep = [this, period, busy_from](Seconds pause) {
              const bool kept_waiting = slept_ < busy_from && slept_ + pause >= busy_from;
              const Seconds passed = kept_waiting ? Seconds(0.03) : pause;
              clock_.Advance(passed);
              slept_ += passed;
              gpu_.DrawPower(Watts(100 + std::floor((slept_ + Seconds(1e-9)) / period)));
            }};
  }

  ManualClock clock_;
  FakeGpu gpu_{{}, clock_};
  Seconds slept_;
};

TEST_F(SensorPeriodTest, IsThatOfTheSensor) {
  const Result<std::optional<Seconds>> period = InferSensorPeriod(gpu_, PowerSensor::kInstant, Options(Seconds(0.02)));
  ASSERT_THAT(period, IsOk());
  ASSERT_TRUE(period->has_value());
  EXPECT_NEAR((*period)->value(), 0.02, 0.0006) << "to within the pause between reads";
  // It is content with eight intervals.
  EXPECT_LT(slept_, Seconds(0.19));
}

// The change at 60 ms is seen at 75 ms, and that at 80 ms in time.
TEST_F(SensorPeriodTest, AChangeThatIsSeenLateMakesNoIntervalShort) {
  const Result<std::optional<Seconds>> period =
      InferSensorPeriod(gpu_, PowerSensor::kInstant, Options(Seconds(0.02), Seconds(0.045)));
  EXPECT_NEAR(period.value().value().value(), 0.02, 0.0006);
}

TEST_F(SensorPeriodTest, OfASensorThatShowsNothingNewItIsNotKnown) {
  EXPECT_EQ(InferSensorPeriod(gpu_, PowerSensor::kInstant, Options(Seconds(1e9))).value(), std::nullopt);
  EXPECT_NEAR(slept_.value(), 0.35, 0.001) << "bounded";
}

TEST_F(SensorPeriodTest, OfALostGpuItIsAnError) {
  gpu_.FailWith(Error{ErrorCode::kUnavailable, "GPU 0: power: GPU is lost"});
  EXPECT_THAT(InferSensorPeriod(gpu_, PowerSensor::kInstant, Options(Seconds(1))),
              IsError(ErrorCode::kUnavailable, "GPU is lost"));
}

TEST_F(SensorPeriodTest, SamplingIsTwiceAsFastWithinBounds) {
  const std::vector<Gpu*> gpus{&gpu_};
  EXPECT_NEAR(InferSamplingPeriod(gpus, Options(Seconds(0.02))).value(), 0.01, 0.0003);
  EXPECT_EQ(InferSamplingPeriod(gpus, Options(Seconds(0.002))), Seconds(0.005));
  EXPECT_EQ(InferSamplingPeriod(gpus, Options(Seconds(1e9))), Seconds(0.05)) << "0.1 s is assumed";
  gpu_.FailWith(Error{ErrorCode::kUnavailable, "lost"});
  EXPECT_EQ(InferSamplingPeriod(gpus, Options(Seconds(0.02))), Seconds(0.05));
  EXPECT_EQ(InferSamplingPeriod({}, Options(Seconds(0.02))), Seconds(0.05));
}

}  // namespace
}  // namespace zeus
