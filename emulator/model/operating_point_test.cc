#include "emulator/model/operating_point.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/print_quantities.h"

namespace zeus::emulator {
namespace {

constexpr Activity kBusy = {.compute = 0.6, .memory = 0.5};
constexpr Watts kNoLimit(1e6);

Work SomeWork() {
  return {.compute = Seconds(10),
          .memory = Seconds(5),
          .host = Seconds(2),
          .computing = {.compute = 0.6, .memory = 0.1},
          .moving = {.compute = 0.1, .memory = 0.9}};
}

class EveryPreset : public ::testing::TestWithParam<GpuModel> {};

INSTANTIATE_TEST_SUITE_P(Models, EveryPreset, ::testing::ValuesIn(Presets()),
                         [](const auto& test) { return test.param.key; });

TEST_P(EveryPreset, DrawsMorePowerAtAHigherClock) {
  const GpuModel& gpu = GetParam();
  for (size_t i = 1; i < gpu.graphics_clocks.size(); ++i) {
    EXPECT_GT(PowerAt(gpu, kBusy, gpu.graphics_clocks[i - 1]), PowerAt(gpu, kBusy, gpu.graphics_clocks[i]));
  }
}

TEST_P(EveryPreset, NeedsNoMoreVoltageThanAtItsHighestClock) {
  const GpuModel& gpu = GetParam();
  EXPECT_EQ(RelativeVoltage(gpu, gpu.Clocks().highest), 1);
  EXPECT_EQ(RelativeVoltage(gpu, gpu.Clocks().lowest), gpu.power.voltage.lowest_voltage);
  for (const Megahertz clock : gpu.graphics_clocks) EXPECT_LE(RelativeVoltage(gpu, clock), 1);
}

TEST_P(EveryPreset, TakesTheHighestClockThatFits) {
  const GpuModel& gpu = GetParam();
  const std::vector<Megahertz>& clocks = gpu.graphics_clocks;
  for (Watts limit = gpu.min_limit; limit <= gpu.max_limit; limit += Watts(5)) {
    const OperatingPoint point = Operate(gpu, kBusy, limit, gpu.Clocks());
    const auto chosen = std::ranges::find(clocks, point.clock);
    ASSERT_NE(chosen, clocks.end());
    EXPECT_EQ(point.power, PowerAt(gpu, kBusy, point.clock));
    if (point.clock != clocks.back()) {
      EXPECT_LE(point.power, limit);
    }
    if (chosen != clocks.begin()) {
      EXPECT_GT(PowerAt(gpu, kBusy, *(chosen - 1)), limit);
    }
  }
}

TEST_P(EveryPreset, IsNeverFasterUnderALowerLimit) {
  const GpuModel& gpu = GetParam();
  Seconds before(1e9);
  double speed_before = 0;
  for (Watts limit = gpu.min_limit; limit <= gpu.max_limit; limit += Watts(1)) {
    const Seconds now = emulator::Run(gpu, SomeWork(), limit, gpu.Clocks()).duration();
    const double speed = Operate(gpu, kBusy, limit, gpu.Clocks()).speed;
    EXPECT_LE(now, before) << limit.value();
    EXPECT_GE(speed, speed_before) << limit.value();
    before = now;
    speed_before = speed;
  }
}

TEST_P(EveryPreset, StaysWithinItsLimitWhenFullyBusy) {
  const GpuModel& gpu = GetParam();
  const OperatingPoint point = Operate(gpu, {.compute = 1, .memory = 1}, gpu.default_limit, gpu.Clocks());
  EXPECT_LE(point.power, gpu.default_limit);
  EXPECT_LT(point.clock, gpu.Clocks().highest) << "a fully busy card is held back by its power";
  EXPECT_GT(point.power, 0.95 * gpu.default_limit);
}

TEST_P(EveryPreset, KeepsToTheLockedRange) {
  const GpuModel& gpu = GetParam();
  const std::vector<Megahertz>& clocks = gpu.graphics_clocks;
  const Megahertz high = clocks[clocks.size() / 4];
  const Megahertz low = clocks[clocks.size() / 2];
  EXPECT_EQ(Operate(gpu, kBusy, kNoLimit, {low, high}).clock, high);
  EXPECT_EQ(Operate(gpu, kBusy, Watts(0), {low, high}).clock, low);
  EXPECT_EQ(emulator::Run(gpu, SomeWork(), kNoLimit, {low, high}).clock, high);
  EXPECT_EQ(emulator::Run(gpu, SomeWork(), Watts(0), {low, high}).clock, low);
}

TEST(OperateTest, GoesAboveTheLimitAtTheLowestClock) {
  const GpuModel gpu = *FindPreset("v100");
  const OperatingPoint point = Operate(gpu, kBusy, Watts(1), gpu.Clocks());
  EXPECT_EQ(point.clock, gpu.Clocks().lowest);
  EXPECT_GT(point.power, Watts(1));
}

TEST(OperateTest, ARangeBetweenClocksMeansTheNextBelow) {
  const GpuModel gpu = *FindPreset("a40");  // In steps of 15 MHz from 210 to 1740.
  EXPECT_EQ(Operate(gpu, {}, kNoLimit, {Megahertz(1001), Megahertz(1004)}).clock, Megahertz(990));
  EXPECT_EQ(Operate(gpu, {}, kNoLimit, {Megahertz(1), Megahertz(100)}).clock, Megahertz(210));
  EXPECT_EQ(Operate(gpu, {}, kNoLimit, {Megahertz(5000), Megahertz(6000)}).clock, Megahertz(1740));
  EXPECT_EQ(Operate(gpu, {}, Watts(0), {Megahertz(991), Megahertz(1024)}).clock, Megahertz(1005));
}

TEST(OperateTest, SpeedIsTheShareOfTheHighestClock) {
  const GpuModel gpu = *FindPreset("a40");
  EXPECT_EQ(Operate(gpu, kBusy, kNoLimit, gpu.Clocks()).speed, 1);
  EXPECT_EQ(Operate(gpu, kBusy, kNoLimit, {Megahertz(870), Megahertz(870)}).speed, 0.5);
}

TEST(RunWorkTest, OnlyComputingSlowsDownWithTheClock) {
  const GpuModel gpu = *FindPreset("a40");
  const WorkRun fast = emulator::Run(gpu, SomeWork(), kNoLimit, gpu.Clocks());
  ASSERT_EQ(fast.phases.size(), 3U);
  EXPECT_EQ(fast.phases[0].duration, Seconds(10));
  EXPECT_EQ(fast.phases[1].duration, Seconds(5));
  EXPECT_EQ(fast.phases[2].duration, Seconds(2));
  const WorkRun slow = emulator::Run(gpu, SomeWork(), kNoLimit, {Megahertz(870), Megahertz(870)});
  EXPECT_EQ(slow.phases[0].duration, Seconds(20));
  EXPECT_EQ(slow.phases[1].duration, Seconds(5));
  EXPECT_EQ(slow.phases[2].duration, Seconds(2));
  EXPECT_EQ(slow.duration(), Seconds(27));
}

TEST(RunWorkTest, EnergyIsPowerTimesTimeOverThePhases) {
  const GpuModel gpu = *FindPreset("v100");
  const Work work = SomeWork();
  const WorkRun run = emulator::Run(gpu, work, Watts(150), gpu.Clocks());
  Joules energy;
  for (const Phase& phase : run.phases) {
    EXPECT_EQ(phase.power, PowerAt(gpu, phase.activity, run.clock));
    energy += phase.power * phase.duration;
  }
  EXPECT_EQ(run.energy(), energy);
  EXPECT_NEAR((run.average_power() * run.duration()).value(), energy.value(), 1e-9 * energy.value());
}

TEST(RunWorkTest, TheLimitHoldsForTheMeanWhileBusy) {
  const GpuModel gpu = *FindPreset("v100");
  const WorkRun run = emulator::Run(gpu, SomeWork(), Watts(150), gpu.Clocks());
  ASSERT_EQ(run.phases.size(), 3U);
  const Phase& compute = run.phases[0];
  const Phase& memory = run.phases[1];
  const Watts busy =
      (compute.power * compute.duration + memory.power * memory.duration) / (compute.duration + memory.duration);
  EXPECT_LE(busy, Watts(150));
  EXPECT_GT(busy, Watts(145));
  EXPECT_LT(run.phases[2].power, memory.power) << "waiting for the host is cheap";
}

TEST(RunWorkTest, PhasesOfNoLengthAreLeftOut) {
  const GpuModel gpu = *FindPreset("v100");
  const WorkRun host = emulator::Run(gpu, {.host = Seconds(3)}, Watts(100), gpu.Clocks());
  ASSERT_EQ(host.phases.size(), 1U);
  EXPECT_EQ(host.clock, gpu.Clocks().highest);
  EXPECT_EQ(host.phases[0].activity, Activity());
  const WorkRun none = emulator::Run(gpu, {}, Watts(100), gpu.Clocks());
  EXPECT_TRUE(none.phases.empty());
  EXPECT_EQ(none.duration(), Seconds(0));
  EXPECT_EQ(none.average_power(), Watts(0));
}

}  // namespace
}  // namespace zeus::emulator
