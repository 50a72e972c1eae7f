#include "zeus/device/amdsmi/amd_gpu_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/fake_amdsmi/fake_amd_machine.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StrEq;
using ::zeus::testing::FakeAmdMachine;
using ::zeus::testing::FakeAmdSmiKind;
using ::zeus::testing::FakeAmdSmiState;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

constexpr ClockRange Range(double minimum, double maximum) {
  return {Megahertz(minimum), Megahertz(maximum)};
}

class AmdGpuSettingsTest : public ::testing::TestWithParam<FakeAmdSmiKind> {
 protected:
  FakeAmdMachine machine_{GetParam()};
  GpuSettings& settings_ = machine_.gpus.at(0)->settings();
  testing::FakeAmdGpu& inside_ = machine_.inside(0);
};

TEST_P(AmdGpuSettingsTest, PowerLimitRange) {
  inside_.default_power_cap = 250'000'000;
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLimitRange range, settings_.ReadPowerLimitRange());
  EXPECT_EQ(range.minimum, Watts(GetParam().abi == 24 ? 100 : 200));
  EXPECT_EQ(range.maximum, Watts(GetParam().abi == 24 ? 300 : 750));
  EXPECT_EQ(range.factory_default, Watts(250));
}

TEST_P(AmdGpuSettingsTest, SetsAndReadsThePowerLimit) {
  ASSERT_THAT(settings_.SetPowerLimit(Watts(225.5)), IsOk());
  EXPECT_EQ(inside_.power_cap, 225'500'000U);
  ZEUS_ASSERT_OK_AND_ASSIGN(const Watts limit, settings_.ReadPowerLimit());
  EXPECT_DOUBLE_EQ(limit.value(), 225.5);
}

TEST_P(AmdGpuSettingsTest, APowerLimitThatIsThereNeedsNoPermission) {
  machine_.state.DenySettings(true);
  ZEUS_ASSERT_OK_AND_ASSIGN(const Watts limit, settings_.ReadPowerLimit());
  EXPECT_THAT(settings_.SetPowerLimit(limit), IsOk());
  EXPECT_THAT(machine_.state.settings(), IsEmpty());
}

TEST_P(AmdGpuSettingsTest, PowerLimitsOutsideTheRange) {
  const std::string range = GetParam().abi == 24 ? "expected a power limit of 100 to 300 W, found "
                                                 : "expected a power limit of 200 to 750 W, found ";
  for (const double watts :
       {99.0, 751.0, -1.0, 1e300, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(settings_.SetPowerLimit(Watts(watts)), IsError(ErrorCode::kInvalidArgument, range)) << watts;
  }
  EXPECT_THAT(machine_.state.settings(), IsEmpty());
}

TEST_P(AmdGpuSettingsTest, APowerLimitWithoutPermission) {
  machine_.state.DenySettings(true);
  EXPECT_THAT(settings_.SetPowerLimit(Watts(220)),
              IsError(ErrorCode::kPermissionDenied, "AMDSMI_STATUS_NO_PERM: this needs root: run as root"));
}

TEST_P(AmdGpuSettingsTest, APowerLimitThatTheLibraryRefuses) {
  machine_.state.Fail("amdsmi_set_power_cap", 1, 1, 1);
  EXPECT_THAT(settings_.SetPowerLimit(Watts(220)),
              IsError(ErrorCode::kInvalidArgument, "amdsmi_set_power_cap: AMD GPU 0 (0000:"));
}

TEST_P(AmdGpuSettingsTest, APowerLimitThatCannotBeReadIsNoZero) {
  inside_.power_cap = 0;
  EXPECT_THAT(settings_.ReadPowerLimit(),
              IsError(ErrorCode::kFailedPrecondition, "expected a power cap, its maximum and its default, found 0, "));
}

TEST_P(AmdGpuSettingsTest, NoPersistenceMode) {
  EXPECT_THAT(settings_.ReadPersistenceMode(),
              IsError(ErrorCode::kFailedPrecondition, "persistence mode is a setting of NVIDIA's driver"));
  EXPECT_THAT(settings_.SetPersistenceMode(PersistenceMode::kOn),
              IsError(ErrorCode::kFailedPrecondition, "persistence mode is a setting of NVIDIA's driver"));
}

TEST_P(AmdGpuSettingsTest, SupportedClocksAreTheHighestAndTheLowest) {
  EXPECT_THAT(settings_.ReadSupportedClocks(ClockDomain::kGraphics).value(),
              ElementsAre(Megahertz(2100), Megahertz(132)));
  EXPECT_THAT(settings_.ReadSupportedClocks(ClockDomain::kMemory, Megahertz(900)).value(),
              ElementsAre(Megahertz(1300), Megahertz(900)));
}

TEST_P(AmdGpuSettingsTest, LocksAClockRange) {
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(500, 1500)), IsOk());
  EXPECT_EQ(inside_.limit_min[0], 500U);
  EXPECT_EQ(inside_.limit_max[0], 1500U);
  EXPECT_THAT(machine_.state.settings(), ElementsAre(StrEq("clk_limit 0 min 500"), StrEq("clk_limit 0 max 1500")));
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kMemory, Range(1000, 1000)), IsOk());
  EXPECT_EQ(inside_.limit_min[1], 1000U);
  EXPECT_EQ(inside_.limit_max[1], 1000U);
}

TEST_P(AmdGpuSettingsTest, ARangeAboveTheLockedOneRaisesItsMaximumFirst) {
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(200, 500)), IsOk());
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(1000, 1500)), IsOk());
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(200, 500)), IsOk());
  EXPECT_THAT(machine_.state.settings(), ElementsAre(StrEq("clk_limit 0 min 200"), StrEq("clk_limit 0 max 500"),  //
                                                     StrEq("clk_limit 0 max 1500"), StrEq("clk_limit 0 min 1000"),
                                                     StrEq("clk_limit 0 min 200"), StrEq("clk_limit 0 max 500")));
}

TEST_P(AmdGpuSettingsTest, ARangeThatSomebodyElseMovedIsAskedForAgain) {
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(200, 1500)), IsOk());
  inside_.limit_max[0] = 300;
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(400, 1500)), IsOk());
  EXPECT_EQ(inside_.limit_min[0], 400U);
  EXPECT_EQ(inside_.limit_max[0], 1500U);
}

TEST_P(AmdGpuSettingsTest, AHalfSetRangeIsTakenBack) {
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(200, 1500)), IsOk());
  // The minimum goes through; the maximum, tried twice, does not.
  EXPECT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(300, 9999)),
              IsError(ErrorCode::kInvalidArgument, "AMDSMI_STATUS_INVAL; it has clocks from"));
  EXPECT_EQ(inside_.limit_min[0], 200U);
  EXPECT_EQ(inside_.limit_max[0], 1500U);
}

TEST_P(AmdGpuSettingsTest, ClocksOutsideTheRangeChangeNothing) {
  EXPECT_THAT(settings_.LockClocks(ClockDomain::kMemory, Range(1, 2)),
              IsError(ErrorCode::kInvalidArgument, "AMDSMI_STATUS_INVAL; it has clocks from 900 to 1300 MHz"));
  EXPECT_EQ(inside_.limit_min[1], 900U);
  EXPECT_EQ(inside_.limit_max[1], 1300U);
}

TEST_P(AmdGpuSettingsTest, ClocksThatAreNoRange) {
  for (const ClockRange range : {Range(1500, 500), Range(0, 500), Range(-1, 500), Range(500, 1e9),
                                 Range(std::numeric_limits<double>::quiet_NaN(), 500)}) {
    EXPECT_THAT(settings_.LockClocks(ClockDomain::kGraphics, range),
                IsError(ErrorCode::kInvalidArgument, "expected clocks from a minimum to a maximum, found"));
  }
  EXPECT_THAT(machine_.state.settings(), IsEmpty());
}

TEST_P(AmdGpuSettingsTest, ALockWithoutPermissionIsTriedOnce) {
  machine_.state.DenySettings(true);
  EXPECT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(500, 1500)),
              IsError(ErrorCode::kPermissionDenied, "amdsmi_set_gpu_clk_limit: AMD GPU 0 (0000:"));
  EXPECT_EQ(machine_.state.calls("amdsmi_set_gpu_clk_limit"), 1U);
}

TEST_P(AmdGpuSettingsTest, ResetsAllClocks) {
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(500, 500)), IsOk());
  ASSERT_THAT(settings_.ResetClocks(), IsOk());
  EXPECT_EQ(inside_.limit_min[0], 132U);
  EXPECT_EQ(inside_.limit_max[0], 2100U);
  // What was locked is forgotten: after a reset the minimum may come first again.
  ASSERT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(1000, 1000)), IsOk());
  EXPECT_THAT(machine_.state.settings(),
              ElementsAre(StrEq("clk_limit 0 min 500"), StrEq("clk_limit 0 max 500"), StrEq("perf_level 0"),
                          StrEq("clk_limit 0 min 1000"), StrEq("clk_limit 0 max 1000")));
}

TEST_P(AmdGpuSettingsTest, OneDomainAloneCannotBeReset) {
  for (const ClockDomain domain : {ClockDomain::kGraphics, ClockDomain::kMemory}) {
    EXPECT_THAT(
        settings_.ResetClocks(domain),
        IsError(ErrorCode::kFailedPrecondition, "): AMD GPUs cannot reset one clock domain alone; reset all of them"));
  }
  EXPECT_THAT(machine_.state.settings(), IsEmpty());
}

TEST_P(AmdGpuSettingsTest, ALostGpu) {
  inside_.lost = true;
  EXPECT_THAT(settings_.ReadPowerLimit(), IsError(ErrorCode::kUnavailable, "AMDSMI_STATUS_IO"));
  EXPECT_THAT(settings_.ReadPowerLimitRange(), IsError(ErrorCode::kUnavailable, "AMDSMI_STATUS_IO"));
  EXPECT_THAT(settings_.SetPowerLimit(Watts(220)), IsError(ErrorCode::kUnavailable, "AMDSMI_STATUS_IO"));
  EXPECT_THAT(settings_.ReadSupportedClocks(ClockDomain::kGraphics),
              IsError(ErrorCode::kUnavailable, "AMDSMI_STATUS_IO"));
  EXPECT_THAT(settings_.LockClocks(ClockDomain::kGraphics, Range(500, 1500)),
              IsError(ErrorCode::kUnavailable, "AMDSMI_STATUS_IO"));
  EXPECT_THAT(settings_.ResetClocks(), IsError(ErrorCode::kUnavailable, "AMDSMI_STATUS_IO"));
}

INSTANTIATE_TEST_SUITE_P(Abis, AmdGpuSettingsTest,
                         ::testing::Values(testing::kRocm63, testing::kRocm64, testing::kRocm70), testing::AbiName);

TEST(AmdGpuClockRangeTest, TheOlderCallServesWhereTheNewerIsMissing) {
  const FakeAmdMachine machine("only_range", 26, [](FakeAmdSmiState&) {});
  GpuSettings& settings = machine.gpus.at(0)->settings();
  ASSERT_THAT(settings.LockClocks(ClockDomain::kMemory, Range(1000, 1200)), IsOk());
  EXPECT_THAT(machine.state.settings(), ElementsAre(StrEq("clk_range 4 1000 1200")));
  EXPECT_THAT(settings.LockClocks(ClockDomain::kMemory, Range(1, 1200)),
              IsError(ErrorCode::kInvalidArgument, "amdsmi_set_gpu_clk_range: AMD GPU 0"));
  EXPECT_THAT(settings.ResetClocks(), IsOk());
}

TEST(AmdGpuPowerLimitTest, AGpuWithoutPowerCapLacksTheCapability) {
  const FakeAmdMachine machine("rocm-7.0.2", 26,
                               [](FakeAmdSmiState& state) { state.Fail("amdsmi_get_power_cap_info", 1, 99, 2); });
  Gpu& gpu = *machine.gpus.at(0);
  EXPECT_FALSE(gpu.capabilities().Has(Capability::kPowerLimit));
  EXPECT_FALSE(gpu.capabilities().Has(Capability::kSetPowerLimit));
  EXPECT_THAT(gpu.settings().SetPowerLimit(Watts(220)),
              IsError(ErrorCode::kFailedPrecondition, "AMDSMI_STATUS_NOT_SUPPORTED"));
}

}  // namespace
}  // namespace zeus
