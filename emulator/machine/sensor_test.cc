#include <gtest/gtest.h>

#include <memory>

#include "emulator/machine/timeline.h"

namespace zeus::emulator {
namespace {

constexpr Nanoseconds kMillisecond = 1'000'000;
constexpr PowerReading kShort{.update_period = Seconds(0.1), .window = Seconds(0.025)};
constexpr PowerReading kWhole{.update_period = Seconds(0.1), .window = Seconds(0.1)};
constexpr PowerReading kMean{.update_period = Seconds(0.1), .window = Seconds(1)};

/// 100 W, 200 W from 1050 ms on, and 300 W from 2000 ms on.
class SensorTest : public ::testing::Test {
 protected:
  SensorTest() {
    Draw(100, 0);
    Draw(200, 1050);
    Draw(300, 2000);
  }

  void Draw(double watts, int from_ms) {
    AppendSegment(*gpu_, model_, from_ms * kMillisecond, {.watts = watts, .memory_watts = watts / 10});
  }
  [[nodiscard]] double Shown(const PowerReading& sensor, int at_ms, int phase_ms = 0) const {
    return SensorWatts(*gpu_, sensor, phase_ms * kMillisecond, at_ms * kMillisecond);
  }
  [[nodiscard]] uint64_t Counter(int at_ms) {
    return CounterMillijoules(*gpu_, Seconds(0.1), 0, 0, at_ms * kMillisecond);
  }

  const GpuModel model_ = FindPreset("v100").value();
  const std::unique_ptr<SharedGpu> gpu_ = std::make_unique<SharedGpu>();
};

TEST_F(SensorTest, UpdatesAtItsPeriodShiftedByItsPhase) {
  EXPECT_EQ(LastUpdate(Seconds(0.1), 0, 1234), 0);
  EXPECT_EQ(LastUpdate(Seconds(0.1), 0, 100 * kMillisecond), 100 * kMillisecond);
  EXPECT_EQ(LastUpdate(Seconds(0.1), 0, 199 * kMillisecond), 100 * kMillisecond);
  EXPECT_EQ(LastUpdate(Seconds(0.1), 7 * kMillisecond, 106 * kMillisecond), 7 * kMillisecond);
  EXPECT_EQ(LastUpdate(Seconds(0.1), 7 * kMillisecond, 107 * kMillisecond), 107 * kMillisecond);
  // Before the first, as if it had always run.
  EXPECT_EQ(LastUpdate(Seconds(0.1), 7 * kMillisecond, 3 * kMillisecond), -93 * kMillisecond);
}

TEST_F(SensorTest, ShowsTheMeanOverItsWindow) {
  EXPECT_NEAR(Shown(kWhole, 1100), 150, 1e-9);
  EXPECT_NEAR(Shown(kWhole, 1200), 200, 1e-9);
  EXPECT_NEAR(Shown(kMean, 1100), 0.95 * 100 + 0.05 * 200, 1e-9);
  EXPECT_NEAR(Shown(kMean, 2500), 0.5 * 200 + 0.5 * 300, 1e-9);
}

TEST_F(SensorTest, AWindowMaySpanSeveralChanges) {
  EXPECT_NEAR(Shown({.update_period = Seconds(0.1), .window = Seconds(2)}, 2500),
              (0.55 * 100 + 0.95 * 200 + 0.5 * 300) / 2, 1e-9);
}

TEST_F(SensorTest, AWindowShorterThanThePeriodLooksAwayMostOfTheTime) {
  EXPECT_NEAR(Shown(kShort, 1100), 200, 1e-9);
  EXPECT_NEAR(Shown(kShort, 2000), 200, 1e-9);
  EXPECT_NEAR(Shown(kShort, 2100), 300, 1e-9);
}

TEST_F(SensorTest, ShowsTheSameUntilItsNextUpdate) {
  EXPECT_NEAR(Shown(kWhole, 1199), 150, 1e-9);
  EXPECT_NEAR(Shown(kWhole, 2099), 200, 1e-9);
}

TEST_F(SensorTest, ItsPhaseMovesItsWindow) {
  EXPECT_NEAR(Shown(kWhole, 1100, 25), 100, 1e-9);
  EXPECT_NEAR(Shown(kWhole, 1125, 25), 0.25 * 100 + 0.75 * 200, 1e-9);
}

TEST_F(SensorTest, BeforeTheMachineWasMadeTheFirstPowerCounts) {
  EXPECT_NEAR(Shown(kMean, 0), 100, 1e-9);
  EXPECT_NEAR(Shown(kMean, 50, 70), 100, 1e-9);
}

TEST_F(SensorTest, MemoryPowerIsThatOfTheLastUpdate) {
  EXPECT_EQ(SensorMemoryWatts(*gpu_, model_, kMean, 0, 1099 * kMillisecond), 10);
  EXPECT_EQ(SensorMemoryWatts(*gpu_, model_, kMean, 0, 1100 * kMillisecond), 20);
}

TEST_F(SensorTest, TheCounterIsTheEnergyAtItsLastUpdate) {
  EXPECT_EQ(Counter(0), 0U);
  EXPECT_EQ(Counter(99), 0U);
  EXPECT_EQ(Counter(100), 10'000U);
  EXPECT_EQ(Counter(1099), 100'000U);
  EXPECT_EQ(Counter(1100), 105'000U + 10'000U);
}

// A process can be held up between asking for the time and publishing its change.
TEST_F(SensorTest, TheCounterNeverFallsWhenAChangeIsPublishedLate) {
  const uint64_t read = Counter(3000);
  EXPECT_EQ(read, 105'000U + 190'000U + 300'000U);
  Draw(50, 2900);
  EXPECT_EQ(Counter(3000), read);
  EXPECT_EQ(Counter(3100), read);
  EXPECT_EQ(Counter(5000), 105'000U + 190'000U + 270'000U + 105'000U);
}

}  // namespace
}  // namespace zeus::emulator
