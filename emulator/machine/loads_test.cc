#include "emulator/machine/loads.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "tests/support/shared_test_gpu.h"
#include "zeus/device/nvml/nvml_abi.h"

namespace zeus::emulator {
namespace {

using testing::IsError;
using testing::IsOk;
using testing::SharedTestGpu;

constexpr Activity kHeavy{.compute = 0.9, .memory = 0.4};
constexpr Activity kLight{.compute = 0.1, .memory = 0.1};

class LoadsTest : public ::testing::Test {
 protected:
  [[nodiscard]] OperatingPoint PointOf(Activity activity, Watts limit) const {
    return Operate(gpu_.model(), activity, limit, gpu_.model().Clocks());
  }
  [[nodiscard]] uint32_t ReasonsAt(double seconds) const { return gpu_.MomentAt(seconds).throttle_reasons; }

  const SharedTestGpu gpu_;
};

TEST_F(LoadsTest, AGpuSleepsUntilSomebodyHoldsItOpen) {
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(1).watts, gpu_.model().power.asleep.value());
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::Context(), 1));
  const double awake = PowerAt(gpu_.model(), {}, gpu_.model().Clocks().lowest).value();
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(1).watts, awake);
  EXPECT_EQ(ReasonsAt(1), nvml::kReasonGpuIdle);
  gpu_.Remove(slot, 2);
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(2).watts, gpu_.model().power.asleep.value());
}

TEST_F(LoadsTest, ASteadyLoadDrawsWhatTheModelSays) {
  for (const Activity activity : {kHeavy, kLight}) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::Steady(activity), 1));
    for (const Watts limit : {Watts(250), Watts(150), Watts(100)}) {
      gpu_.SetLimit(limit, 1);
      const OperatingPoint point = PointOf(activity, limit);
      const Moment moment = gpu_.MomentAt(1);
      EXPECT_DOUBLE_EQ(moment.watts, point.power.value());
      EXPECT_EQ(moment.clock_mhz, static_cast<uint32_t>(point.clock.value()));
      EXPECT_FLOAT_EQ(static_cast<float>(moment.gpu_utilization), static_cast<float>(activity.compute));
      EXPECT_FLOAT_EQ(static_cast<float>(moment.memory_utilization), static_cast<float>(activity.memory));
    }
    gpu_.Remove(slot, 1);
  }
}

TEST_F(LoadsTest, AChangedActivityCountsFromThenOn) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::Steady(kHeavy), 1));
  ChangeActivity(gpu_.gpu(), gpu_.model(), slot, kLight, SharedTestGpu::After(2));
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(1.5).watts, PointOf(kHeavy, Watts(250)).power.value());
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(2.5).watts, PointOf(kLight, Watts(250)).power.value());
}

TEST_F(LoadsTest, TwoLoadsTakeTurns) {
  ASSERT_THAT(gpu_.Add(SharedTestGpu::Steady(kHeavy), 1), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::Steady(kLight), 1));
  const double heavy = PointOf(kHeavy, Watts(250)).power.value();
  const double light = PointOf(kLight, Watts(250)).power.value();
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(1).watts, (heavy + light) / 2);
  gpu_.Remove(slot, 2);
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(2).watts, heavy);
}

TEST_F(LoadsTest, WhoDoesNothingTakesNoTurn) {
  ASSERT_THAT(gpu_.Add(SharedTestGpu::Steady(kHeavy), 1), IsOk());
  ASSERT_THAT(gpu_.Add(SharedTestGpu::Context(), 1), IsOk());
  ASSERT_THAT(gpu_.Add(SharedTestGpu::Steady({}), 1), IsOk());
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(1).watts, PointOf(kHeavy, Watts(250)).power.value());
}

TEST_F(LoadsTest, ALimitThatSlowsDownIsToldAsTheReason) {
  ASSERT_THAT(gpu_.Add(SharedTestGpu::Steady(kLight), 1), IsOk());
  EXPECT_EQ(ReasonsAt(1), 0U);
  ASSERT_THAT(gpu_.Add(SharedTestGpu::Steady(kHeavy), 1), IsOk());
  gpu_.SetLimit(Watts(100), 2);
  EXPECT_EQ(ReasonsAt(2), nvml::kReasonSoftwarePowerCap);
}

TEST_F(LoadsTest, LockedClocksAreKeptAndTold) {
  ASSERT_THAT(gpu_.Add(SharedTestGpu::Steady(kHeavy), 1), IsOk());
  const Megahertz lowest = gpu_.model().Clocks().lowest;
  const auto locked = static_cast<uint64_t>(lowest.value());
  gpu_.Set(Setting::Kind::kGraphicsLock, locked << 32 | locked, 2);
  EXPECT_EQ(LockedRange(gpu_.gpu(), gpu_.model()), (emulator::ClockRange{lowest, lowest}));
  EXPECT_EQ(gpu_.MomentAt(2).clock_mhz, locked);
  EXPECT_EQ(ReasonsAt(2), nvml::kReasonClockSetting);
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(2).watts, PowerAt(gpu_.model(), kHeavy, lowest).value());
  gpu_.Set(Setting::Kind::kGraphicsLock, 0, 3);
  EXPECT_EQ(LockedRange(gpu_.gpu(), gpu_.model()), gpu_.model().Clocks());
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(3).watts, PointOf(kHeavy, Watts(250)).power.value());
}

TEST_F(LoadsTest, MemoryIsHeldUntilTheLoadEnds) {
  const uint64_t all = gpu_.model().memory_bytes;
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::Context(all - 10), 1));
  EXPECT_EQ(gpu_.gpu().memory_used.load(), all - 10);
  EXPECT_THAT(gpu_.Add(SharedTestGpu::Context(11), 1), IsError(ErrorCode::kUnavailable, "out of device memory"));
  EXPECT_THAT(gpu_.Add(SharedTestGpu::Context(10), 1), IsOk());
  EXPECT_EQ(gpu_.gpu().memory_used.load(), all);
  gpu_.Remove(slot, 2);
  EXPECT_EQ(gpu_.gpu().memory_used.load(), 10U);
}

TEST_F(LoadsTest, MoreMemoryThanThereIsNeverFits) {
  EXPECT_THAT(gpu_.Add(SharedTestGpu::Context(gpu_.model().memory_bytes + 1), 1),
              IsError(ErrorCode::kUnavailable, "out of device memory"));
  EXPECT_THAT(gpu_.Add(SharedTestGpu::Context(UINT64_MAX), 1),
              IsError(ErrorCode::kUnavailable, "out of device memory"));
}

TEST_F(LoadsTest, TooManyLoadsAreRefused) {
  for (size_t i = 0; i < kMaxLoads; ++i) ASSERT_THAT(gpu_.Add(SharedTestGpu::Context(), 1), IsOk());
  EXPECT_THAT(gpu_.Add(SharedTestGpu::Context(), 1),
              IsError(ErrorCode::kUnavailable, "too many processes use the GPU"));
  gpu_.Remove(17, 2);
  EXPECT_EQ(gpu_.Add(SharedTestGpu::Context(), 2), 17U);
  EXPECT_EQ(ListLoads(gpu_.gpu(), gpu_.model(), SharedTestGpu::After(2)).size(), kMaxLoads);
}

TEST_F(LoadsTest, SettingsAreKeptAsTheyAre) {
  gpu_.Set(Setting::Kind::kPersistence, 1, 1);
  gpu_.Set(Setting::Kind::kMemoryLock, 5, 1);
  EXPECT_EQ(gpu_.gpu().persistence.load(), 1U);
  EXPECT_EQ(gpu_.gpu().memory_lock.load(), 5U);
}

}  // namespace
}  // namespace zeus::emulator
