#include "zeus/monitor/power_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "tests/support/manual_clock.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/fake/fake_gpu.h"
#include "zeus/monitor/temperature_sampler.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

void WaitUntil(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(condition());
}

/// A thread that sleeps for an hour; samples are taken by the test.
class PowerSamplerTest : public ::testing::Test {
 protected:
  std::unique_ptr<PowerSampler> Create() { return PowerSampler::Create(gpus_, {.period = Seconds(3600)}).value(); }
  void Sample(PowerSampler& sampler, double watts) {
    gpu_.DrawPower(Watts(watts));
    ASSERT_THAT(sampler.SampleNow(0), IsOk());
  }

  ManualClock clock_;
  FakeGpu gpu_{{}, clock_};
  std::vector<Gpu*> gpus_{&gpu_};
};

TEST_F(PowerSamplerTest, ATimelineAndWhatItSaysBetweenTwoTimes) {
  gpu_.DrawPower(Watts(100));
  const auto sampler = Create();
  const Time begin = clock_.Now();
  clock_.Advance(Seconds(10));
  Sample(*sampler, 100);
  clock_.Advance(Seconds(1));
  Sample(*sampler, 200);
  clock_.Advance(Seconds(9));
  Sample(*sampler, 200);
  const std::vector<PowerTimeline> timelines = sampler->Timelines();
  ASSERT_EQ(timelines.size(), 1U);
  EXPECT_EQ(timelines[0].sensor, PowerSensor::kInstant);
  EXPECT_THAT(timelines[0].runs,
              ElementsAre(PowerRun{begin, begin + std::chrono::seconds(10), Watts(100)},
                          PowerRun{begin + std::chrono::seconds(11), begin + std::chrono::seconds(20), Watts(200)}));
  const PowerSummary summary = sampler->Summarize(0, begin, clock_.Now()).value();
  EXPECT_DOUBLE_EQ(summary.energy.value(), 1000 + 150 + 1800);
  EXPECT_EQ(summary.peak, Watts(200));
  EXPECT_EQ(sampler->PowerNear(0)->power, Watts(200));
  EXPECT_EQ(sampler->PowerNear(0, begin)->power, Watts(100));
  EXPECT_EQ(sampler->Timelines(clock_.Now())[0].runs.size(), 1U);
}

TEST_F(PowerSamplerTest, AGpuThatFailsKeepsItsErrorAndTheOthersGoOn) {
  FakeGpu other({}, clock_);
  gpus_.push_back(&other);
  const auto sampler = PowerSampler::Create(gpus_, {.period = Seconds(0.001)}).value();
  gpu_.FailWith(Error{ErrorCode::kUnavailable, "GPU 0 (Fake GPU): power: GPU is lost"});
  WaitUntil([&] { return sampler->Channel(0).value()->error().has_value(); });
  EXPECT_EQ(sampler->Channel(0).value()->error()->message, "GPU 0 (Fake GPU): power: GPU is lost");
  const uint64_t samples = sampler->Channel(1).value()->samples();
  WaitUntil([&] { return sampler->Channel(1).value()->samples() > samples + 3; });
  EXPECT_FALSE(sampler->Channel(1).value()->error().has_value());
  gpu_.FailWith(std::nullopt);
  WaitUntil([&] { return !sampler->Channel(0).value()->error().has_value(); });
}

TEST_F(PowerSamplerTest, OfAGpuThatNeverAnsweredTheErrorIsTheAnswer) {
  gpu_.FailWith(Error{ErrorCode::kUnavailable, "GPU 0 (Fake GPU): power: GPU is lost"});
  const auto sampler = PowerSampler::Create(gpus_, {.period = Seconds(3600)}).value();
  EXPECT_THAT(sampler->PowerNear(0), IsError(ErrorCode::kUnavailable, "GPU is lost"));
  EXPECT_THAT(sampler->Summarize(0, clock_.Now(), clock_.Now()), IsError(ErrorCode::kUnavailable, "GPU is lost"));
  EXPECT_THAT(sampler->SampleNow(0), IsError(ErrorCode::kUnavailable, "GPU is lost"));
}

TEST_F(PowerSamplerTest, NoWattsIsNoPower) {
  const auto sampler = Create();
  gpu_.DrawPower(Watts(0));
  EXPECT_THAT(sampler->SampleNow(0),
              IsError(ErrorCode::kUnavailable, "GPU 0 (Fake GPU): device_instant: the sensor says 0 W"));
  EXPECT_EQ(sampler->PowerNear(0)->power, Watts(50));
}

TEST_F(PowerSamplerTest, SeveralSensorsEachOnce) {
  const auto sampler =
      PowerSampler::Create(gpus_, {.period = Seconds(3600),
                                   .sensors = {PowerSensor::kAverage, PowerSensor::kInstant, PowerSensor::kAverage}})
          .value();
  EXPECT_THAT(sampler->sensors(0), ElementsAre(PowerSensor::kAverage, PowerSensor::kInstant));
  EXPECT_EQ(sampler->Timelines().size(), 2U);
  EXPECT_THAT(sampler->PowerNear(0, {}, PowerSensor::kMemoryAverage),
              IsError(ErrorCode::kNotFound, "GPU 0 (Fake GPU): the power domain memory_average is not sampled"));
}

TEST_F(PowerSamplerTest, BadArguments) {
  for (const double period : {0.0, -0.5, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(PowerSampler::Create(gpus_, {.period = Seconds(period)}),
                IsError(ErrorCode::kInvalidArgument, "sampling period: expected a time above 0 s, found "));
    EXPECT_THAT(TemperatureSampler::Create(gpus_, {.period = Seconds(period)}),
                IsError(ErrorCode::kInvalidArgument, "sampling period: expected a time above 0 s, found "));
  }
  EXPECT_THAT(PowerSampler::Create({}, {}), IsError(ErrorCode::kInvalidArgument, "no GPUs to sample"));
  FakeGpu::Options options;
  options.info.index = 4;
  options.lacks = {Capability::kMemoryPower};
  FakeGpu without(options, clock_);
  gpus_ = {&without};
  EXPECT_THAT(PowerSampler::Create(gpus_, {.sensors = {PowerSensor::kMemoryAverage}}),
              IsError(ErrorCode::kInvalidArgument, "GPU 4 (Fake GPU) has no power domain memory_average: "));
  gpus_ = {nullptr};
  EXPECT_THAT(PowerSampler::Create(gpus_, {}), IsError(ErrorCode::kInvalidArgument, "GPU 0 is a null pointer"));
}

TEST_F(PowerSamplerTest, AnIndexThatDoesNotExist) {
  const auto sampler = Create();
  EXPECT_THAT(sampler->Channel(1), IsError(ErrorCode::kNotFound, "GPU 1 is not sampled: there are 1"));
  EXPECT_THAT(sampler->SampleNow(7), IsError(ErrorCode::kNotFound, "GPU 7 is not sampled"));
  EXPECT_THAT(sampler->PowerNear(7), IsError(ErrorCode::kNotFound, "GPU 7 is not sampled"));
  EXPECT_THAT(sampler->Summarize(0, clock_.Now() + std::chrono::seconds(1), clock_.Now()),
              IsError(ErrorCode::kInvalidArgument, "the end is before the beginning"));
}

TEST_F(PowerSamplerTest, ItsMemoryIsBounded) {
  const auto sampler = PowerSampler::Create(gpus_, {.period = Seconds(3600), .max_runs = 10}).value();
  for (int i = 0; i < 1000; ++i) {
    clock_.Advance(Seconds(1));
    Sample(*sampler, 100 + i % 7);
  }
  EXPECT_EQ(sampler->Timelines()[0].runs.size(), 10U);
  EXPECT_GE(sampler->Channel(0).value()->dropped_runs(), 980U);
}

TEST(TemperatureSamplerTest, ATimeline) {
  ManualClock clock;
  FakeGpu gpu({}, clock);
  FakeGpu::Options options;
  options.info.index = 1;
  options.lacks = {Capability::kTemperature};
  FakeGpu without(options, clock);
  const std::vector<Gpu*> gpus{&gpu, &without};
  gpu.SetTemperature(Celsius(40));
  const auto sampler = TemperatureSampler::Create(gpus, {.period = Seconds(0.001), .clock = clock}).value();
  EXPECT_EQ(sampler->TemperatureNear(0).value(), Celsius(40));
  gpu.SetTemperature(Celsius(41));
  WaitUntil([&] { return sampler->TemperatureNear(0).value() == Celsius(41); });
  EXPECT_EQ(sampler->Timeline(0)->size(), 2U);
  EXPECT_THAT(sampler->TemperatureNear(1), IsError(ErrorCode::kFailedPrecondition, "GPU 1 (Fake GPU)"));
  EXPECT_THAT(sampler->Timeline(2), IsError(ErrorCode::kNotFound, "GPU 2 is not sampled: there are 2"));
}

}  // namespace
}  // namespace zeus
