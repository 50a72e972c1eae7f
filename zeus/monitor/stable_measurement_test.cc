#include "zeus/monitor/stable_measurement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/manual_clock.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/fake/fake_gpu.h"
#include "zeus/monitor/duration_sweep.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

/// A body that lasts 10 ms and makes the GPU draw a power that a test chooses by the iteration.
class StableMeasurementTest : public ::testing::Test {
 protected:
  TrialOptions Trials() {
    return {.measurement = Seconds(1), .cooldown = Seconds(10), .clock = clock_, .sleep = [this](Seconds time) {
              slept_ += time;
              gpu_.DrawPower(Watts(30));
              clock_.Advance(time);
            }};
  }
  MeasuredBody Body() {
    return [this]() -> Result<void> {
      if (fail_at_ == ++iterations_) return Fail(ErrorCode::kUnavailable, "the body broke");
      gpu_.DrawPower(power_(iterations_));
      clock_.Advance(Seconds(0.01));
      gpu_.SetTemperature(Celsius(40 + iterations_ / 1000.0));
      return {};
    };
  }

  ManualClock clock_;
  FakeGpu gpu_{{}, clock_};
  std::vector<Gpu*> gpus_{&gpu_};
  std::unique_ptr<EnergyMonitor> monitor_ = EnergyMonitor::Create(gpus_, {}, {.clock = clock_}).value();
  std::function<Watts(int)> power_ = [](int) { return Watts(200); };
  int iterations_ = 0;
  int fail_at_ = 0;
  Seconds slept_;
};

TEST_F(StableMeasurementTest, Calibration) {
  const Result<Seconds> iteration = CalibrateIteration(Body(), Trials());
  ASSERT_THAT(iteration, IsOk());
  EXPECT_NEAR(iteration->value(), 0.01, 1e-9);
  EXPECT_EQ(iterations_, 110) << "10 to warm up, 100 timed";
}

TEST_F(StableMeasurementTest, ATrial) {
  const Result<Trial> trial = MeasureTrial(Body(), *monitor_, Seconds(0.0101), Trials());
  ASSERT_THAT(trial, IsOk());
  EXPECT_EQ(trial->iterations, 100U) << "1 s of 10.1 ms each, rounded up";
  EXPECT_EQ(iterations_, 110);
  EXPECT_EQ(slept_, Seconds(10));
  EXPECT_NEAR(trial->time.value(), 1, 1e-6);
  EXPECT_NEAR(trial->energy.value(), 200, 1e-6) << "without warm-up and cool-down";
  EXPECT_NEAR(trial->energy_per_iteration.value(), 2, 1e-6);
  EXPECT_NEAR(trial->time_per_iteration.value(), 0.01, 1e-9);
  EXPECT_NEAR(trial->temperature_before->value(), 40.010, 1e-9);
  EXPECT_NEAR(trial->temperature_after->value(), 40.110, 1e-9);
  EXPECT_FALSE(trial->too_short);
}

TEST_F(StableMeasurementTest, AtLeastOneIterationAndAWarmUpByTime) {
  TrialOptions options = Trials();
  options.measurement = Seconds(0.001);
  options.warmup_settle = Seconds(0.5);
  const Result<Trial> trial = MeasureTrial(Body(), *monitor_, Seconds(0.01), options);
  ASSERT_THAT(trial, IsOk());
  EXPECT_EQ(trial->iterations, 1U);
  EXPECT_EQ(iterations_, 51);
  EXPECT_TRUE(trial->too_short);
}

TEST_F(StableMeasurementTest, EndsWhenTheEnergyNoLongerMoves) {
  // A GPU that warms up: its power rises towards 200 W, by trials of 110 iterations.
  power_ = [](int iteration) { return Watts(200 - 100 * std::exp(-iteration / 300.0)); };
  const Result<StableMeasurement> result =
      MeasureUntilStable(Body(), *monitor_, {.trial = Trials(), .warmup_trials = 0});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->stability, Stability::kStable);
  EXPECT_GT(result->trials.size(), 4U);
  EXPECT_LT(result->trials.size(), 15U);
  EXPECT_LT(result->spread.relative(), 0.01);
  EXPECT_NEAR(result->spread.mean.value(), 2, 0.05);
  EXPECT_GT(result->spread.temperature_after, result->spread.temperature_before);
}

TEST_F(StableMeasurementTest, WarmUpTrialsAreNotCounted) {
  const Result<StableMeasurement> result =
      MeasureUntilStable(Body(), *monitor_, {.trial = Trials(), .warmup_trials = 2});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->trials.size(), 3U);
  EXPECT_EQ(iterations_, 110 + 2 * 100 + 3 * 110);
  EXPECT_EQ(slept_, Seconds(30)) << "no cool-down before a warm-up trial";
  EXPECT_NEAR(result->spread.standard_deviation.value(), 0, 1e-9);
}

TEST_F(StableMeasurementTest, WhatNeverSettlesIsUnstable) {
  power_ = [](int iteration) { return Watts((iteration / 110) % 2 == 0 ? 100 : 200); };
  const Result<StableMeasurement> result =
      MeasureUntilStable(Body(), *monitor_, {.trial = Trials(), .warmup_trials = 0, .max_trials = 7});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->stability, Stability::kUnstable);
  EXPECT_EQ(result->trials.size(), 7U);
  EXPECT_GT(result->spread.relative(), 0.1);
}

TEST_F(StableMeasurementTest, AnErrorOfTheBodyEndsItAndLeavesNoWindowOpen) {
  fail_at_ = 50;
  EXPECT_THAT(MeasureTrial(Body(), *monitor_, Seconds(0.01), Trials()),
              IsError(ErrorCode::kUnavailable, "the body broke"));
  EXPECT_THAT(MeasureTrial(Body(), *monitor_, Seconds(0.01), Trials()), IsOk());
}

TEST_F(StableMeasurementTest, ALostGpuIsNamed) {
  power_ = [this](int iteration) {
    if (iteration == 60) gpu_.FailWith(Error{ErrorCode::kUnavailable, "GPU 0 (Fake GPU): energy: GPU is lost"});
    return Watts(100);
  };
  EXPECT_THAT(
      MeasureTrial(Body(), *monitor_, Seconds(0.01), Trials()),
      IsError(ErrorCode::kUnavailable, "a trial's energy is not complete: GPU 0 (Fake GPU): energy: GPU is lost"));
}

TEST_F(StableMeasurementTest, BadOptions) {
  const auto expect = [&](const std::function<void(TrialOptions&)>& change, const char* message) {
    TrialOptions options = Trials();
    change(options);
    EXPECT_THAT(CalibrateIteration(Body(), options), IsError(ErrorCode::kInvalidArgument, message));
  };
  expect([](TrialOptions& options) { options.warmup_settle = Seconds(-1); },
         "warm-up settle duration: expected a time of 0 s or more, found -1");
  expect([](TrialOptions& options) { options.measurement = Seconds(0); },
         "measurement duration: expected a time above 0 s, found 0");
  expect([](TrialOptions& options) { options.cooldown = Seconds(-2); },
         "cool-down duration: expected a time of 0 s or more, found -2");
  expect([](TrialOptions& options) { options.warmup_iterations = -1; },
         "warm-up iterations: expected 0 or more, found -1");
  expect([](TrialOptions& options) { options.calibration_iterations = 0; },
         "calibration iterations: expected 1 or more, found 0");
  EXPECT_THAT(CalibrateIteration({}, Trials()), IsError(ErrorCode::kInvalidArgument, "the body is empty"));
  EXPECT_THAT(MeasureTrial(Body(), *monitor_, Seconds(0), Trials()),
              IsError(ErrorCode::kInvalidArgument, "time of an iteration: expected a time above 0 s, found 0"));
  EXPECT_THAT(MeasureUntilStable(Body(), *monitor_, {.trial = Trials(), .agreeing_trials = 1}),
              IsError(ErrorCode::kInvalidArgument, "agreeing trials: expected 2 or more, found 1"));
  EXPECT_THAT(MeasureUntilStable(Body(), *monitor_, {.trial = Trials(), .agreeing_trials = 5, .max_trials = 4}),
              IsError(ErrorCode::kInvalidArgument, "most trials: expected at least the 5 agreeing ones, found 4"));
  EXPECT_EQ(iterations_, 0);
}

TEST(TrialSpreadTest, IsTheSampleStandardDeviation) {
  std::vector<Trial> trials(3);
  trials[0].energy_per_iteration = Joules(1);
  trials[1].energy_per_iteration = Joules(2);
  trials[2].energy_per_iteration = Joules(3);
  trials[1].temperature_before = Celsius(40);
  EXPECT_EQ(SpreadOf(trials).standard_deviation, Joules(1));
  EXPECT_EQ(SpreadOf(trials).temperature_before, Celsius(40));
  EXPECT_EQ(SpreadOf(trials).temperature_after, std::nullopt);
  EXPECT_DOUBLE_EQ(SpreadOf(trials).relative(), 0.5);
  EXPECT_EQ(SpreadOf(std::span(trials).first(1)).standard_deviation, Joules(0));
  EXPECT_EQ(SpreadOf({}).relative(), 0);
}

TEST_F(StableMeasurementTest, ASweepOverMeasurements) {
  const Result<SweepReport> report =
      SweepDuration(SweptDuration::kMeasurement, Body(), *monitor_,
                    {.trial = Trials(), .durations = {Seconds(1), Seconds(10)}, .trials = 3});
  ASSERT_THAT(report, IsOk());
  ASSERT_EQ(report->entries.size(), 2U);
  EXPECT_EQ(report->fixed, Seconds(10));
  EXPECT_EQ(report->entries[0].trials.size(), 3U);
  EXPECT_TRUE(report->entries[1].valid);
  EXPECT_EQ(iterations_, 110 + 2 * 1000 + 3 * 110 + 3 * 1010);
  EXPECT_THAT(ToText(*report),
              ::testing::MatchesRegex(
                  "Sweep measurement .fixed cooldown=10.0 s.:\n"
                  "  measurement=1.0 s   mean=2.0000 J  std=0.0000 J  temp_before=.*°C  temp_after=.*°C  .VALID.\n"
                  "  measurement=10.0 s  mean=2.0000 J  std=0.0000 J  .*VALID.\n"));
  EXPECT_THAT(ToText(report->entries[0]), HasSubstr("measurement=1.0 s  cooldown=10.0 s  mean=2.0000 J"));
}

TEST_F(StableMeasurementTest, ASweepOverCooldowns) {
  power_ = [](int iteration) { return Watts((iteration / 110) % 2 == 0 ? 100 : 200); };
  const Result<SweepReport> report =
      SweepDuration(SweptDuration::kCooldown, Body(), *monitor_, {.trial = Trials(), .trials = 2, .warmup_trials = 0});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->entries.size(), 10U);
  EXPECT_EQ(report->fixed, Seconds(1));
  EXPECT_EQ(slept_, Seconds(2 * 55));
  EXPECT_FALSE(report->entries[0].valid);
  EXPECT_THAT(ToText(*report), HasSubstr("Sweep cooldown (fixed measurement=1.0 s):\n  cooldown=1.0 s   mean="));
  EXPECT_THAT(ToText(*report), HasSubstr("[INVALID]"));
  EXPECT_THAT(SweepDuration(SweptDuration::kCooldown, Body(), *monitor_, {.trial = Trials(), .trials = 0}),
              IsError(ErrorCode::kInvalidArgument, "trials: expected 1 or more"));
}

}  // namespace
}  // namespace zeus
