#include "zeus/device/fake/fake_gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

class FakeGpuTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  FakeGpu gpu_{FakeGpu::Options{}, clock_};
};

TEST_F(FakeGpuTest, EnergyIsPowerTimesTime) {
  gpu_.DrawPower(Watts(100));
  const Joules before = gpu_.ReadEnergy().value().energy;
  clock_.Advance(Seconds(2));
  gpu_.DrawPower(Watts(30));
  clock_.Advance(Seconds(0.5));
  EXPECT_EQ(gpu_.ReadEnergy().value().energy - before, Joules(215));
  EXPECT_EQ(gpu_.ReadPower(PowerSensor::kInstant).value().power, Watts(30));
}

TEST_F(FakeGpuTest, FailsUntilItIsToldNotTo) {
  gpu_.FailWith(Error{ErrorCode::kUnavailable, "gone"});
  EXPECT_THAT(gpu_.ReadEnergy(), IsError(ErrorCode::kUnavailable, "gone"));
  EXPECT_THAT(gpu_.ReadStatus(), IsError(ErrorCode::kUnavailable, "gone"));
  EXPECT_THAT(gpu_.settings().SetPowerLimit(Watts(250)), IsError(ErrorCode::kUnavailable, "gone"));
  gpu_.FailWith(std::nullopt);
  EXPECT_THAT(gpu_.ReadEnergy(), IsOk());
}

TEST_F(FakeGpuTest, MayRefuseSettingsAlone) {
  gpu_.FailSettingsWith(Error{ErrorCode::kPermissionDenied, "not you"});
  EXPECT_THAT(gpu_.settings().SetPowerLimit(Watts(200)), IsError(ErrorCode::kPermissionDenied, "not you"));
  EXPECT_THAT(gpu_.ReadEnergy(), IsOk());
  // What is there already is no change.
  EXPECT_THAT(gpu_.settings().SetPowerLimit(Watts(250)), IsOk());
}

TEST_F(FakeGpuTest, MayAcceptSettingsAndIgnoreThem) {
  gpu_.IgnoreSettings(true);
  EXPECT_THAT(gpu_.settings().SetPowerLimit(Watts(200)), IsOk());
  EXPECT_THAT(gpu_.settings().LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(500)}), IsOk());
  EXPECT_EQ(gpu_.settings().ReadPowerLimit().value(), Watts(250));
  EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), std::nullopt);
  EXPECT_EQ(gpu_.settings_made(), 2);
}

TEST_F(FakeGpuTest, CountsSettingsThatAreNoRepetition) {
  EXPECT_THAT(gpu_.settings().SetPowerLimit(Watts(250)), IsOk());
  EXPECT_EQ(gpu_.settings_made(), 0);
  EXPECT_THAT(gpu_.settings().SetPowerLimit(Watts(200)), IsOk());
  EXPECT_THAT(gpu_.settings().SetPersistenceMode(PersistenceMode::kOn), IsOk());
  EXPECT_EQ(gpu_.settings_made(), 2);
}

TEST_F(FakeGpuTest, KeepsLockedClocks) {
  const ClockRange range{Megahertz(500), Megahertz(1000)};
  ASSERT_THAT(gpu_.settings().LockClocks(ClockDomain::kGraphics, range), IsOk());
  EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), range);
  EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kMemory), std::nullopt);
  EXPECT_EQ(gpu_.ReadStatus().value().graphics_clock, Megahertz(1000));
  ASSERT_THAT(gpu_.settings().ResetClocks(ClockDomain::kGraphics), IsOk());
  EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), std::nullopt);
}

TEST(FakeGpu, LacksWhatItIsToldToLack) {
  FakeGpu gpu({.lacks = {Capability::kEnergyCounter, Capability::kSetPowerLimit}});
  EXPECT_FALSE(gpu.capabilities().Has(Capability::kEnergyCounter));
  EXPECT_THAT(gpu.ReadEnergy(), IsError(ErrorCode::kFailedPrecondition, "energy_counter"));
  EXPECT_THAT(gpu.settings().SetPowerLimit(Watts(200)), IsError(ErrorCode::kFailedPrecondition, "set_power_limit"));
}

}  // namespace
}  // namespace zeus
