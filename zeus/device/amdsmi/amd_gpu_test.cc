#include "zeus/device/amdsmi/amd_gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_amdsmi/fake_amd_machine.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::zeus::testing::FakeAmdMachine;
using ::zeus::testing::FakeAmdSmiKind;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

constexpr uint32_t kAbsent = 0xFFFF;

class AmdGpuTest : public ::testing::TestWithParam<FakeAmdSmiKind> {
 protected:
  FakeAmdMachine machine_{GetParam()};
  Gpu& gpu_ = *machine_.gpus.at(1);
  testing::FakeAmdGpu& inside_ = machine_.inside(1);
  // Cards of ROCm 6.3's time have an average; newer ones show what is drawn now.
  const bool has_average_ = GetParam().abi == 24;
};

TEST_P(AmdGpuTest, ReadsThePowerThatTheCardHas) {
  const PowerSensor sensor = has_average_ ? PowerSensor::kAverage : PowerSensor::kInstant;
  const Time before = Clock::System().Now();
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerSample sample, gpu_.ReadPower(sensor));
  EXPECT_EQ(sample.power, Watts(has_average_ ? 42 : 140));
  EXPECT_GE(sample.time, before);
  EXPECT_LE(sample.time, Clock::System().Now());
}

TEST_P(AmdGpuTest, TheOtherPowerSensorIsNamed) {
  const PowerSensor sensor = has_average_ ? PowerSensor::kInstant : PowerSensor::kAverage;
  EXPECT_THAT(gpu_.ReadPower(sensor),
              IsError(ErrorCode::kFailedPrecondition, has_average_ ? "average power only" : "instant power only"));
}

TEST_P(AmdGpuTest, PowerOfMemoryAloneIsNotKnown) {
  EXPECT_THAT(gpu_.ReadPower(PowerSensor::kMemoryAverage),
              IsError(ErrorCode::kFailedPrecondition, "): AMD SMI reports the power of the whole socket only"));
}

TEST_P(AmdGpuTest, APowerSensorThatFallsSilentIsAnError) {
  inside_.current_power = inside_.average_power = kAbsent;
  EXPECT_THAT(gpu_.ReadPower(has_average_ ? PowerSensor::kAverage : PowerSensor::kInstant),
              IsError(ErrorCode::kUnavailable, "its power sensor shows no value at the moment"));
  inside_.current_power = inside_.average_power = UINT32_MAX;
  EXPECT_THAT(gpu_.ReadPower(has_average_ ? PowerSensor::kAverage : PowerSensor::kInstant),
              IsError(ErrorCode::kUnavailable, "its power sensor shows no value at the moment"));
}

TEST_P(AmdGpuTest, EnergyIsCountsTimesResolution) {
  inside_.energy = 2'000'000'000;
  ZEUS_ASSERT_OK_AND_ASSIGN(const EnergySample first, gpu_.ReadEnergy());
  EXPECT_EQ(first.step, CounterStep::kFirst);
  EXPECT_NEAR(first.energy.value(), 2e9 * 15.259e-6, 1e-2);
  inside_.energy += 1'000'000;
  ZEUS_ASSERT_OK_AND_ASSIGN(const EnergySample second, gpu_.ReadEnergy());
  EXPECT_EQ(second.step, CounterStep::kAdvanced);
  EXPECT_NEAR((second.energy - first.energy).value(), 15.259, 1e-5);
}

TEST_P(AmdGpuTest, EnergyNeverFallsWhenTheCounterIsReset) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const EnergySample first, gpu_.ReadEnergy());
  inside_.energy = 1000;
  ZEUS_ASSERT_OK_AND_ASSIGN(const EnergySample second, gpu_.ReadEnergy());
  EXPECT_EQ(second.step, CounterStep::kReset);
  EXPECT_NEAR((second.energy - first.energy).value(), 1000 * 15.259e-6, 1e-6);
}

TEST_P(AmdGpuTest, AResolutionOfNothingIsAnError) {
  for (const float resolution : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN()}) {
    inside_.energy_resolution = resolution;
    EXPECT_THAT(gpu_.ReadEnergy(), IsError(ErrorCode::kUnavailable, "expected a counter resolution above 0 uJ, found"));
  }
}

TEST_P(AmdGpuTest, EnergyOfManyThreadsNeverFalls) {
  std::atomic<bool> stop = false;
  std::jthread counter([&] {
    while (!stop) {
      inside_.energy += 1000;
      std::this_thread::yield();
    }
  });
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        Joules last(0);
        for (int read = 0; read < 200; ++read) {
          const Result<EnergySample> sample = gpu_.ReadEnergy();
          ASSERT_THAT(sample, IsOk());
          ASSERT_GE(sample->energy, last);
          ASSERT_NE(sample->step, CounterStep::kReset);
          last = sample->energy;
        }
      });
    }
  }
  stop = true;
}

TEST_P(AmdGpuTest, TemperatureIsInDegrees) {
  // The C interface has divided the driver's millidegrees already.
  inside_.hotspot = 87;
  ZEUS_ASSERT_OK_AND_ASSIGN(const Celsius temperature, gpu_.ReadTemperature());
  EXPECT_EQ(temperature, Celsius(87));
}

TEST_P(AmdGpuTest, StatusAtAGlance) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuStatus status, gpu_.ReadStatus());
  EXPECT_EQ(status.graphics_clock, Megahertz(132));
  EXPECT_EQ(status.memory_clock, Megahertz(900));
  EXPECT_EQ(status.gpu_utilization, 0.75);
  EXPECT_EQ(status.memory_utilization, 0.2);
  EXPECT_EQ(status.memory_total, uint64_t{64} << 30);
  EXPECT_EQ(status.memory_used, uint64_t{3} << 30);
  EXPECT_EQ(status.throttle_reasons, std::nullopt);
}

TEST_P(AmdGpuTest, StatusLeavesOutWhatIsNotKnown) {
  inside_.clock[0] = UINT32_MAX;
  inside_.umc_activity = kAbsent;
  inside_.gfx_activity = 101;
  machine_.state.Fail("amdsmi_get_gpu_memory_usage", 1, 1, 2);
  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuStatus status, gpu_.ReadStatus());
  EXPECT_EQ(status.graphics_clock, std::nullopt);
  EXPECT_EQ(status.memory_clock, Megahertz(900));
  EXPECT_EQ(status.gpu_utilization, std::nullopt);
  EXPECT_EQ(status.memory_utilization, std::nullopt);
  EXPECT_EQ(status.memory_used, std::nullopt);
  EXPECT_EQ(status.memory_total, uint64_t{64} << 30);
}

TEST_P(AmdGpuTest, ListsProcesses) {
  EXPECT_THAT(gpu_.ReadProcesses().value(), IsEmpty());
  inside_.pids = {4711, 4712};
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<GpuProcess> processes, gpu_.ReadProcesses());
  ASSERT_THAT(processes, SizeIs(2));
  EXPECT_EQ(processes[1].pid, 4712);
  EXPECT_EQ(processes[1].kind, GpuProcess::Kind::kCompute);
  EXPECT_EQ(processes[1].memory_used, uint64_t{1} << 30);
}

TEST_P(AmdGpuTest, ListsMoreProcessesThanExpected) {
  for (uint32_t pid = 1; pid <= 100; ++pid) inside_.pids.push_back(pid);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<GpuProcess> processes, gpu_.ReadProcesses());
  ASSERT_THAT(processes, SizeIs(100));
  EXPECT_EQ(processes[99].pid, 100);
}

TEST_P(AmdGpuTest, ProcessesOfOthersNeedPermission) {
  machine_.state.Fail("amdsmi_get_gpu_process_list", 1, 1, 10);
  EXPECT_THAT(gpu_.ReadProcesses(),
              IsError(ErrorCode::kPermissionDenied, "amdsmi_get_gpu_process_list: AMD GPU 1 (0000:"));
}

TEST_P(AmdGpuTest, EveryReadOfALostGpuSaysSo) {
  inside_.lost = true;
  EXPECT_THAT(gpu_.ReadPower(has_average_ ? PowerSensor::kAverage : PowerSensor::kInstant),
              IsError(ErrorCode::kUnavailable, "amdsmi_get_power_info: AMD GPU 1 (0000:"));
  EXPECT_THAT(gpu_.ReadEnergy(), IsError(ErrorCode::kUnavailable, "amdsmi_get_energy_count: AMD GPU 1"));
  EXPECT_THAT(gpu_.ReadTemperature(), IsError(ErrorCode::kUnavailable, "amdsmi_get_temp_metric: AMD GPU 1"));
  EXPECT_THAT(gpu_.ReadStatus(), IsError(ErrorCode::kUnavailable, "amdsmi_get_clock_info: AMD GPU 1"));
  EXPECT_THAT(gpu_.ReadProcesses(), IsError(ErrorCode::kUnavailable, "AMDSMI_STATUS_IO"));
  EXPECT_THAT(machine_.gpus[0]->ReadEnergy(), IsOk());
}

TEST_P(AmdGpuTest, OneFailureIsNotForEver) {
  machine_.state.Fail("amdsmi_get_energy_count", 1, 1, 30);
  EXPECT_THAT(gpu_.ReadEnergy(), IsError(ErrorCode::kUnavailable, "AMDSMI_STATUS_BUSY"));
  EXPECT_THAT(gpu_.ReadEnergy(), IsOk());
}

TEST_P(AmdGpuTest, WhatNoAmdGpuHas) {
  for (const Capability each : {Capability::kMemoryPower, Capability::kThrottleReasons, Capability::kPersistenceMode,
                                Capability::kSetPersistenceMode}) {
    EXPECT_FALSE(gpu_.capabilities().Has(each)) << CapabilityName(each);
  }
  for (const Capability each :
       {Capability::kEnergyCounter, Capability::kTemperature, Capability::kClocks, Capability::kUtilization,
        Capability::kMemoryUse, Capability::kProcesses, Capability::kPowerLimit, Capability::kSetPowerLimit,
        Capability::kLockGraphicsClock, Capability::kLockMemoryClock}) {
    EXPECT_TRUE(gpu_.capabilities().Has(each)) << CapabilityName(each) << ": " << gpu_.capabilities().WhyNot(each);
  }
}

INSTANTIATE_TEST_SUITE_P(Abis, AmdGpuTest, ::testing::Values(testing::kRocm63, testing::kRocm64, testing::kRocm70),
                         testing::AbiName);

}  // namespace
}  // namespace zeus
