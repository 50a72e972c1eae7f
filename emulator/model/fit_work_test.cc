#include "emulator/model/fit_work.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus::emulator {
namespace {

using testing::IsError;

constexpr CostWeights kWeights = {.eta = 0.5, .max_power = Watts(250)};

GpuModel V100() {
  return *FindPreset("v100");
}

Work SomeWork(const GpuModel& gpu) {
  constexpr double kActivity = 0.5;
  return {.compute = Seconds(100),
          .memory = Seconds(60),
          .host = Seconds(20),
          .computing = {.compute = kActivity, .memory = 0},
          .moving = {.compute = kActivity * gpu.power.stalled_compute, .memory = 1}};
}

std::vector<ObservedRun> AtLimits() {
  std::vector<ObservedRun> runs;
  for (int limit = 100; limit <= 250; limit += 25) runs.push_back({.limit = Watts(limit), .time = {}, .power = {}});
  return runs;
}

TEST(CheapestRunTest, WeighsEnergyAgainstTime) {
  const std::vector<ObservedRun> runs = {{.limit = Watts(100), .time = Seconds(12), .power = Watts(100)},
                                         {.limit = Watts(200), .time = Seconds(10), .power = Watts(200)},
                                         {.limit = Watts(250), .time = Seconds(10), .power = Watts(200)}};
  EXPECT_EQ(Cost(runs[0], {.eta = 0.25, .max_power = Watts(250)}), Joules(12 * (25 + 187.5)));
  EXPECT_EQ(CheapestRun(runs, {.eta = 1, .max_power = Watts(250)}), 0U);
  EXPECT_EQ(CheapestRun(runs, {.eta = 0, .max_power = Watts(250)}), 1U) << "the first of equals";
}

TEST(FitWorkTest, FindsWorkThatTheModelItselfMade) {
  const GpuModel gpu = V100();
  const Work truth = SomeWork(gpu);
  const std::vector<ObservedRun> runs = Predict(gpu, truth, AtLimits());
  ZEUS_ASSERT_OK_AND_ASSIGN(const Work found, FitWork(gpu, runs, kWeights));
  const std::vector<ObservedRun> again = Predict(gpu, found, runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    EXPECT_NEAR(again[i].time / runs[i].time, 1, 0.01);
    EXPECT_NEAR(again[i].power / runs[i].power, 1, 0.01);
  }
  EXPECT_EQ(CheapestRun(again, kWeights), CheapestRun(runs, kWeights));
  EXPECT_NEAR(found.host / truth.host, 1, 0.2);
}

TEST(FitWorkTest, AnswersTheSameEveryTime) {
  const GpuModel gpu = V100();
  const std::vector<ObservedRun> runs = Predict(gpu, SomeWork(gpu), AtLimits());
  ZEUS_ASSERT_OK_AND_ASSIGN(const Work first, FitWork(gpu, runs, kWeights));
  ZEUS_ASSERT_OK_AND_ASSIGN(const Work second, FitWork(gpu, runs, kWeights));
  EXPECT_EQ(first.compute, second.compute);
  EXPECT_EQ(first.memory, second.memory);
  EXPECT_EQ(first.host, second.host);
  EXPECT_EQ(first.computing, second.computing);
}

TEST(FitWorkTest, OneBadRowDoesNotDecide) {
  const GpuModel gpu = V100();
  const std::vector<ObservedRun> runs = Predict(gpu, SomeWork(gpu), AtLimits());
  std::vector<ObservedRun> damaged = runs;
  damaged[2].time = 2 * damaged[2].time;
  ZEUS_ASSERT_OK_AND_ASSIGN(const Work found, FitWork(gpu, damaged, kWeights, FitTo::kRows));
  const std::vector<ObservedRun> again = Predict(gpu, found, runs);
  for (size_t i = 0; i < runs.size(); ++i) EXPECT_NEAR(again[i].time / runs[i].time, 1, 0.04);
}

TEST(FitWorkTest, IdleWorkIsTheHosts) {
  const GpuModel gpu = V100();
  const Watts idle = PowerAt(gpu, {}, gpu.Clocks().highest);
  std::vector<ObservedRun> runs = AtLimits();
  for (ObservedRun& run : runs) run = {.limit = run.limit, .time = Seconds(50), .power = idle};
  ZEUS_ASSERT_OK_AND_ASSIGN(const Work found, FitWork(gpu, runs, kWeights));
  EXPECT_GT(found.host, Seconds(45));
}

TEST(FitWorkTest, OneRunIsEnoughToBeMet) {
  const GpuModel gpu = V100();
  const std::vector<ObservedRun> runs = {{.limit = Watts(150), .time = Seconds(7), .power = Watts(120)}};
  ZEUS_ASSERT_OK_AND_ASSIGN(const Work found, FitWork(gpu, runs, kWeights));
  const std::vector<ObservedRun> again = Predict(gpu, found, runs);
  EXPECT_NEAR(again[0].time.value(), 7, 0.01);
  EXPECT_NEAR(again[0].power.value(), 120, 1);
}

TEST(FitWorkTest, RefusesRunsThatCannotBe) {
  constexpr auto kInvalid = ErrorCode::kInvalidArgument;
  EXPECT_THAT(FitWork(V100(), {}, kWeights), IsError(kInvalid, "no runs"));
  for (const double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const std::vector<ObservedRun> time = {{.limit = Watts(100), .time = Seconds(bad), .power = Watts(90)}};
    const std::vector<ObservedRun> power = {{.limit = Watts(100), .time = Seconds(1), .power = Watts(bad)}};
    EXPECT_THAT(FitWork(V100(), time, kWeights), IsError(kInvalid, "expected finite numbers above 0")) << bad;
    EXPECT_THAT(FitWork(V100(), power, kWeights), IsError(kInvalid, "expected finite numbers above 0")) << bad;
  }
}

}  // namespace
}  // namespace zeus::emulator
