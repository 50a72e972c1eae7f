#include "tests/support/gpu_contract.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "tests/support/result_matchers.h"

namespace zeus::testing {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A reading that the GPU has, or an error that says why it has not.
template <class Reading>
void ExpectAsCapable(const Gpu& gpu, Capability capability, const Result<Reading>& result) {
  SCOPED_TRACE(CapabilityName(capability));
  if (gpu.capabilities().Has(capability)) {
    EXPECT_THAT(result, IsOk());
    EXPECT_THAT(gpu.capabilities().WhyNot(capability), IsEmpty());
  } else {
    EXPECT_THAT(gpu.capabilities().WhyNot(capability), Not(IsEmpty()));
    EXPECT_THAT(result, IsError(ErrorCode::kFailedPrecondition, ""));
  }
}

TEST_P(GpuReadContract, SaysWhatItIs) {
  const GpuInfo& info = gpu().info();
  EXPECT_THAT(info.name, Not(IsEmpty()));
  EXPECT_THAT(info.uuid, Not(IsEmpty()));
  EXPECT_THAT(info.pci_address, ::testing::MatchesRegex("[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]"));
  EXPECT_GE(info.index, 0);
}

TEST_P(GpuReadContract, ReadsWhatItSaysItCan) {
  ExpectAsCapable(gpu(), Capability::kInstantPower, gpu().ReadPower(PowerSensor::kInstant));
  ExpectAsCapable(gpu(), Capability::kAveragePower, gpu().ReadPower(PowerSensor::kAverage));
  ExpectAsCapable(gpu(), Capability::kMemoryPower, gpu().ReadPower(PowerSensor::kMemoryAverage));
  ExpectAsCapable(gpu(), Capability::kEnergyCounter, gpu().ReadEnergy());
  ExpectAsCapable(gpu(), Capability::kTemperature, gpu().ReadTemperature());
  ExpectAsCapable(gpu(), Capability::kProcesses, gpu().ReadProcesses());
  ExpectAsCapable(gpu(), Capability::kPowerLimit, gpu().settings().ReadPowerLimit());
  ExpectAsCapable(gpu(), Capability::kPersistenceMode, gpu().settings().ReadPersistenceMode());
}

TEST_P(GpuReadContract, StatusHoldsWhatTheGpuCanTell) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuStatus status, gpu().ReadStatus());
  if (Has(Capability::kMemoryUse)) {
    ASSERT_TRUE(status.memory_used && status.memory_total);
    EXPECT_LE(*status.memory_used, *status.memory_total);
  }
  if (Has(Capability::kUtilization)) {
    ASSERT_TRUE(status.gpu_utilization);
    EXPECT_GE(*status.gpu_utilization, 0);
    EXPECT_LE(*status.gpu_utilization, 1);
  }
  EXPECT_EQ(status.graphics_clock.has_value(), Has(Capability::kClocks));
  EXPECT_EQ(status.throttle_reasons.has_value(), Has(Capability::kThrottleReasons));
}

TEST_P(GpuReadContract, PowerIsThatOfAGpu) {
  for (const PowerSensor sensor : {PowerSensor::kInstant, PowerSensor::kAverage}) {
    const Result<PowerSample> sample = gpu().ReadPower(sensor);
    if (!sample) continue;
    EXPECT_GT(sample->power, Watts(1));
    EXPECT_LT(sample->power, Watts(3000));
  }
}

TEST_P(GpuReadContract, EnergyAndTimeNeverFall) {
  if (!Has(Capability::kEnergyCounter)) return;  // ReadsWhatItSaysItCan holds it to saying so.
  ZEUS_ASSERT_OK_AND_ASSIGN(EnergySample last, gpu().ReadEnergy());
  for (int i = 0; i < 100; ++i) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const EnergySample next, gpu().ReadEnergy());
    EXPECT_GE(next.energy, last.energy);
    EXPECT_GE(next.time, last.time);
    EXPECT_NE(next.step, CounterStep::kFirst);
    last = next;
  }
}

TEST_P(GpuReadContract, ThePowerLimitLiesInItsRange) {
  if (!Has(Capability::kPowerLimit)) return;  // ReadsWhatItSaysItCan holds it to saying so.
  ZEUS_ASSERT_OK_AND_ASSIGN(const Watts limit, gpu().settings().ReadPowerLimit());
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLimitRange range, gpu().settings().ReadPowerLimitRange());
  EXPECT_LE(range.minimum, limit);
  EXPECT_LE(limit, range.maximum);
  EXPECT_LE(range.minimum, range.factory_default);
  EXPECT_LE(range.factory_default, range.maximum);
}

TEST_P(GpuReadContract, SupportedClocksAreHighestFirst) {
  for (const ClockDomain domain : {ClockDomain::kGraphics, ClockDomain::kMemory}) {
    const Result<std::vector<Megahertz>> clocks = gpu().settings().ReadSupportedClocks(domain);
    if (!clocks) continue;
    EXPECT_THAT(*clocks, Not(IsEmpty()));
    EXPECT_TRUE(std::ranges::is_sorted(*clocks, std::ranges::greater()));
  }
}

TEST_P(GpuReadContract, ManyThreadsReadAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      Joules last(-1);
      for (int n = 0; n < 200; ++n) {
        if (const Result<EnergySample> sample = gpu().ReadEnergy()) {
          EXPECT_GE(sample->energy, last);
          EXPECT_NE(sample->step, CounterStep::kReset);
          last = sample->energy;
        }
        static_cast<void>(gpu().ReadPower(PowerSensor::kInstant));
        static_cast<void>(gpu().ReadStatus());
      }
    });
  }
}

TEST_P(GpuSettingsContract, APowerLimitIsKept) {
  if (!Has(Capability::kSetPowerLimit)) return;  // ReadsWhatItSaysItCan holds it to saying so.
  GpuSettings& settings = gpu().settings();
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLimitRange range, settings.ReadPowerLimitRange());
  ZEUS_ASSERT_OK_AND_ASSIGN(const Watts before, settings.ReadPowerLimit());
  for (const Watts limit : {range.minimum, range.maximum, before}) {
    ASSERT_THAT(settings.SetPowerLimit(limit), IsOk());
    ZEUS_ASSERT_OK_AND_ASSIGN(const Watts now, settings.ReadPowerLimit());
    EXPECT_EQ(now, limit);
  }
}

TEST_P(GpuSettingsContract, APowerLimitOutsideTheRangeIsRefusedAndChangesNothing) {
  if (!Has(Capability::kSetPowerLimit)) return;  // ReadsWhatItSaysItCan holds it to saying so.
  GpuSettings& settings = gpu().settings();
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLimitRange range, settings.ReadPowerLimitRange());
  ZEUS_ASSERT_OK_AND_ASSIGN(const Watts before, settings.ReadPowerLimit());
  EXPECT_THAT(settings.SetPowerLimit(range.minimum - Watts(1)), IsError(ErrorCode::kInvalidArgument, " W"));
  EXPECT_THAT(settings.SetPowerLimit(range.maximum + Watts(1)), IsError(ErrorCode::kInvalidArgument, " W"));
  EXPECT_THAT(settings.SetPowerLimit(Watts(-5)), IsError(ErrorCode::kInvalidArgument, ""));
  ZEUS_ASSERT_OK_AND_ASSIGN(const Watts after, settings.ReadPowerLimit());
  EXPECT_EQ(after, before);
}

TEST_P(GpuSettingsContract, PersistenceModeIsKept) {
  if (!Has(Capability::kSetPersistenceMode)) {
    EXPECT_THAT(gpu().settings().SetPersistenceMode(PersistenceMode::kOn), Not(IsOk()));
    return;
  }
  for (const PersistenceMode mode : {PersistenceMode::kOn, PersistenceMode::kOff}) {
    ASSERT_THAT(gpu().settings().SetPersistenceMode(mode), IsOk());
    EXPECT_EQ(gpu().settings().ReadPersistenceMode().value(), mode);
  }
}

TEST_P(GpuSettingsContract, ClocksAreLockedAndHandedBack) {
  for (const ClockDomain domain : {ClockDomain::kGraphics, ClockDomain::kMemory}) {
    const Capability capability =
        domain == ClockDomain::kGraphics ? Capability::kLockGraphicsClock : Capability::kLockMemoryClock;
    const Result<std::vector<Megahertz>> clocks = gpu().settings().ReadSupportedClocks(domain);
    if (!Has(capability) || !clocks || clocks->empty()) continue;
    const ClockRange lowest{clocks->back(), clocks->back()};
    const Result<void> locked = gpu().settings().LockClocks(domain, lowest);
    // What a driver cannot do is known for certain only once it was asked.
    if (!locked) {
      EXPECT_EQ(locked.error().code, ErrorCode::kFailedPrecondition) << locked.error().message;
      continue;
    }
    const Result<GpuStatus> status = gpu().ReadStatus();
    ASSERT_THAT(status, IsOk());
    if (domain == ClockDomain::kGraphics && status->graphics_clock) {
      EXPECT_LE(*status->graphics_clock, clocks->back());
    }
  }
  EXPECT_THAT(gpu().settings().ResetClocks(), ::testing::AnyOf(IsOk(), IsError(ErrorCode::kFailedPrecondition, "")));
}

TEST_P(GpuSettingsContract, ClocksUpsideDownAreRefused) {
  EXPECT_THAT(gpu().settings().LockClocks(ClockDomain::kGraphics, {Megahertz(900), Megahertz(800)}), Not(IsOk()));
}

}  // namespace zeus::testing
