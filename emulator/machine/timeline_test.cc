#include "emulator/machine/timeline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

namespace zeus::emulator {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kMade = 5 * kSecond;

class TimelineTest : public ::testing::Test {
 protected:
  void Draw(double watts, Nanoseconds from) { AppendSegment(*gpu_, model_, from, {.watts = watts}); }
  [[nodiscard]] Moment MomentAt(Nanoseconds time) const { return At(*gpu_, model_, time); }

  const GpuModel model_ = FindPreset("v100").value();
  const std::unique_ptr<SharedGpu> gpu_ = std::make_unique<SharedGpu>();
};

TEST_F(TimelineTest, EnergyIsTheIntegralOfPower) {
  Draw(100, kMade);
  Draw(200, kMade + 2 * kSecond);
  Draw(50, kMade + 3 * kSecond);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade), 0);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade + kSecond), 100);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade + 2 * kSecond), 200);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade + 5 * kSecond / 2), 300);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade + 3 * kSecond), 400);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade + 13 * kSecond), 900);
  EXPECT_DOUBLE_EQ(MomentAt(kMade + 13 * kSecond).joules, 900);
}

TEST_F(TimelineTest, BeforeTheFirstSegmentItIsAsIfItHadAlwaysBeenSo) {
  Draw(100, kMade);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade - kSecond), -100);
}

TEST_F(TimelineTest, AChangeCountsFromItsMomentOn) {
  Draw(100, kMade);
  Draw(200, kMade + kSecond);
  EXPECT_EQ(MomentAt(kMade + kSecond - 1).watts, 100);
  EXPECT_EQ(MomentAt(kMade + kSecond).watts, 200);
}

TEST_F(TimelineTest, TwoChangesAtOneMomentLeaveTheSecond) {
  Draw(100, kMade);
  Draw(200, kMade + kSecond);
  Draw(300, kMade + kSecond);
  EXPECT_EQ(MomentAt(kMade + kSecond).watts, 300);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade + 2 * kSecond), 400);
}

TEST_F(TimelineTest, AChangeOfEarlierThanTheLastIsTakenAsOfTheLast) {
  Draw(100, kMade + kSecond);
  Draw(200, kMade);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade + kSecond), 0);
  EXPECT_DOUBLE_EQ(JoulesAt(*gpu_, kMade + 2 * kSecond), 200);
}

TEST_F(TimelineTest, ASegmentCarriesAllThatItWasGiven) {
  AppendSegment(*gpu_, model_, kMade,
                {.watts = 100,
                 .memory_watts = 20,
                 .gpu_utilization = 0.5,
                 .memory_utilization = 0.25,
                 .clock_mhz = 1200,
                 .throttle_reasons = 4});
  const Moment moment = MomentAt(kMade + kSecond);
  EXPECT_EQ(moment.watts, 100);
  EXPECT_EQ(moment.memory_watts, 20);
  EXPECT_EQ(moment.gpu_utilization, 0.5);
  EXPECT_EQ(moment.memory_utilization, 0.25);
  EXPECT_EQ(moment.clock_mhz, 1200U);
  EXPECT_EQ(moment.throttle_reasons, 4U);
}

TEST_F(TimelineTest, ACardThatWasJustMadeIsAsWarmAsItsPowerKeepsIt) {
  Draw(100, kMade);
  const double steady = model_.thermal.ambient_celsius + model_.thermal.kelvin_per_watt * 100;
  EXPECT_DOUBLE_EQ(MomentAt(kMade).celsius, steady);
  EXPECT_DOUBLE_EQ(MomentAt(kMade + 1000 * kSecond).celsius, steady);
}

TEST_F(TimelineTest, TemperatureFollowsTheFirstOrderLaw) {
  const ThermalParameters& thermal = model_.thermal;
  const auto steady = [&](double watts) { return thermal.ambient_celsius + thermal.kelvin_per_watt * watts; };
  Draw(50, kMade);
  Draw(250, kMade);
  const double tau = thermal.time_constant.value();
  for (const int seconds : {0, 1, 30, 60, 600}) {
    const double expected = steady(250) + (steady(50) - steady(250)) * std::exp(-seconds / tau);
    EXPECT_NEAR(MomentAt(kMade + seconds * kSecond).celsius, expected, 1e-9) << seconds;
  }
  // It goes on from where it was, whatever happened before.
  const double warm = MomentAt(kMade + 30 * kSecond).celsius;
  Draw(50, kMade + 30 * kSecond);
  EXPECT_NEAR(MomentAt(kMade + 90 * kSecond).celsius, steady(50) + (warm - steady(50)) * std::exp(-60 / tau), 1e-9);
}

TEST_F(TimelineTest, MoreChangesThanAreRememberedLeaveEnergyExact) {
  constexpr int kChanges = 3 * static_cast<int>(kSegments);
  constexpr Nanoseconds kMillisecond = kSecond / 1000;
  double expected = 0;
  for (int i = 0; i < kChanges; ++i) {
    const double watts = 50 + i % 7 * 25;
    Draw(watts, kMade + i * kMillisecond);
    expected += watts * 1e-3;
  }
  EXPECT_NEAR(JoulesAt(*gpu_, kMade + kChanges * kMillisecond), expected, 1e-6);
  // As it is for times between remembered changes.
  EXPECT_NEAR(JoulesAt(*gpu_, kMade + (kChanges - 1000) * kMillisecond) -
                  JoulesAt(*gpu_, kMade + (kChanges - 1007) * kMillisecond),
              (50 + 75 + 100 + 125 + 150 + 175 + 200) * 1e-3, 1e-9);
}

// The search for it once ended never.
TEST_F(TimelineTest, ATimeBeforeTheOldestRememberedChangeIsAnswered) {
  for (uint64_t changes = 1; changes <= 2 * kSegments; ++changes) {
    Draw(100, kMade + static_cast<Nanoseconds>(changes) * 1000);
    if (changes % 1000 == 0 || changes == kSegments - 1 || changes == kSegments || changes == kSegments + 1) {
      EXPECT_NEAR(JoulesAt(*gpu_, kMade), -1e-4, 1e-9) << changes;
      EXPECT_EQ(MomentAt(0).watts, 100) << changes;
    }
  }
}

}  // namespace
}  // namespace zeus::emulator
