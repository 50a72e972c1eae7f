#include "zeus/device/nvml/nvml_gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "tests/support/emulated_machine.h"
#include "tests/support/emulator_library.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus::nvml {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::EmulatedLoad;
using testing::EmulatedMachine;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

Time Now() {
  return Clock::System().Now();
}

double SecondsBetween(Time from, Time to) {
  return std::chrono::duration<double>(to - from).count();
}

// Sensors update ten times a second or more often; a machine under load may let us wait for longer.
bool Eventually(const std::function<bool()>& condition) {
  for (const Time end = Now() + std::chrono::seconds(10); Now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

Watts Power(Gpu& gpu, PowerSensor sensor) {
  const Result<PowerSample> sample = gpu.ReadPower(sensor);
  EXPECT_THAT(sample, IsOk());
  return sample ? sample->power : Watts(0);
}

TEST(NvmlGpu, IsWhatItsLibrarySays) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100,h100");
  const GpuInfo& info = machine.gpu(1).info();
  EXPECT_EQ(info.vendor, GpuVendor::kNvidia);
  EXPECT_THAT(info.name, HasSubstr("H100"));
  EXPECT_THAT(info.uuid, ::testing::StartsWith("GPU-"));
  EXPECT_NE(info.uuid, machine.gpu(0).info().uuid);
  EXPECT_EQ(info.pci_address, "0000:02:00.0");
  EXPECT_EQ(info.index, 1);
}

TEST(NvmlGpu, ThereIsNoGpuBeyondTheLast) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100");
  EXPECT_THAT(ProbeGpu(machine.library(), 1),
              IsError(ErrorCode::kInvalidArgument, "GPU 1: nvmlDeviceGetHandleByIndex_v2: Invalid Argument"));
}

TEST(NvmlGpu, EnergyIsPowerTimesTimeWithinTheSensorsPeriod) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100");
  Gpu& gpu = machine.gpu(0);
  const EmulatedLoad load(0, 0.6, 0.3);
  constexpr double kPeriod = 0.02;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const double watts = Power(gpu, PowerSensor::kInstant).value();
  ASSERT_GT(watts, 100);

  // Whatever else the machine does, each reading lies between the two times around it.
  const auto read = [&](Time& before, Time& after) {
    before = Now();
    const Result<EnergySample> sample = gpu.ReadEnergy();
    after = Now();
    EXPECT_THAT(sample, IsOk());
    return sample ? sample->energy.value() : 0;
  };
  Time before_first;
  Time after_first;
  Time before_last;
  Time after_last;
  const double first = read(before_first, after_first);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double last = read(before_last, after_last);
  constexpr double kMillijoules = 2e-3;
  EXPECT_GE(last - first, watts * (SecondsBetween(after_first, before_last) - kPeriod) - kMillijoules);
  EXPECT_LE(last - first, watts * (SecondsBetween(before_first, after_last) + kPeriod) + kMillijoules);
}

TEST(NvmlGpu, EnergyNeverFallsWhileTheLoadChanges) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100");
  Gpu& gpu = machine.gpu(0);
  const EmulatedLoad load(0, 1, 0);
  std::atomic<bool> over{false};
  std::jthread changes([&] {
    for (int i = 0; !over; ++i) load.Change(i % 2, 0);
  });
  Joules last(0);
  for (const Time end = Now() + std::chrono::milliseconds(200); Now() < end;) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const EnergySample sample, gpu.ReadEnergy());
    EXPECT_GE(sample.energy, last);
    EXPECT_NE(sample.step, CounterStep::kReset);
    last = sample.energy;
  }
  over = true;
}

TEST(NvmlGpu, AnA40sAveragePowerLagsBehindItsInstantPower) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("a40");
  Gpu& gpu = machine.gpu(0);
  const Watts idle = Power(gpu, PowerSensor::kInstant);
  EXPECT_EQ(Power(gpu, PowerSensor::kAverage), idle);
  const EmulatedLoad load(0, 0.5, 0.5);
  // The mean of one second climbs while the instant figure is up already.
  EXPECT_TRUE(Eventually([&] {
    const Watts average = Power(gpu, PowerSensor::kAverage);
    return average > idle && average < 0.9 * Power(gpu, PowerSensor::kInstant);
  }));
}

TEST(NvmlGpu, AV100HasNoAveragePower) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100");
  EXPECT_THAT(machine.gpu(0).ReadPower(PowerSensor::kInstant), IsOk());
  EXPECT_THAT(machine.gpu(0).ReadPower(PowerSensor::kAverage),
              IsError(ErrorCode::kFailedPrecondition, "average_power: field 185 answers 3: Not Supported"));
}

TEST(NvmlGpu, AnH100TellsItsMemorysPower) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("h100");
  Gpu& gpu = machine.gpu(0);
  const Watts idle = Power(gpu, PowerSensor::kMemoryAverage);
  EXPECT_GT(idle, Watts(1));
  const EmulatedLoad load(0, 0.1, 0.9);
  EXPECT_TRUE(Eventually([&] { return Power(gpu, PowerSensor::kMemoryAverage) > 2 * idle; }));
  EXPECT_LT(Power(gpu, PowerSensor::kMemoryAverage), Power(gpu, PowerSensor::kInstant));
}

TEST(NvmlGpu, MemoryPowerOfZeroIsNoSensor) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("a100");
  EXPECT_THAT(machine.gpu(0).ReadPower(PowerSensor::kMemoryAverage),
              IsError(ErrorCode::kFailedPrecondition, "memory power: it reads 0 W: this card has no such sensor"));
}

TEST(NvmlGpu, OldCardsHaveNoEnergyCounter) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("p100");
  EXPECT_THAT(machine.gpu(0).ReadEnergy(),
              IsError(ErrorCode::kFailedPrecondition, "nvmlDeviceGetTotalEnergyConsumption answers 3: Not Supported"));
}

TEST(NvmlGpu, WhichClocksCanBeLockedDependsOnTheGeneration) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("p100,v100,a100");
  const auto why_not = [&](size_t gpu, Capability capability) {
    return machine.gpu(gpu).capabilities().WhyNot(capability);
  };
  EXPECT_EQ(why_not(0, Capability::kLockGraphicsClock), "NVML locks graphics clocks from Volta on");
  EXPECT_EQ(why_not(1, Capability::kLockGraphicsClock), "");
  EXPECT_EQ(why_not(1, Capability::kLockMemoryClock), "NVML locks memory clocks from Ampere on");
  EXPECT_EQ(why_not(2, Capability::kLockMemoryClock), "");
}

TEST(NvmlGpu, StatusAndProcessesShowALoad) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100");
  Gpu& gpu = machine.gpu(0);
  EXPECT_THAT(gpu.ReadProcesses().value(), ::testing::IsEmpty());
  const EmulatedLoad load(0, 0.9, 0.25);
  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuStatus status, gpu.ReadStatus());
  EXPECT_EQ(status.gpu_utilization, 0.9);
  EXPECT_EQ(status.memory_utilization, 0.25);
  EXPECT_THAT(status.throttle_reasons, ::testing::Optional(Contains(ThrottleReason::kPowerLimit)));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<GpuProcess> processes, gpu.ReadProcesses());
  ASSERT_EQ(processes.size(), 1);
  EXPECT_EQ(processes[0].pid, ::getpid());
  EXPECT_EQ(processes[0].kind, GpuProcess::Kind::kCompute);
}

TEST(NvmlGpu, ManyProcessesAreAllListed) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100");
  std::vector<std::unique_ptr<EmulatedLoad>> loads;
  for (int i = 0; i < 20; ++i) loads.push_back(std::make_unique<EmulatedLoad>(0, 0.1, 0.1));
  // One process, however much it runs.
  EXPECT_EQ(machine.gpu(0).ReadProcesses().value().size(), 1);
}

TEST(NvmlGpu, ALowerLimitLowersPowerAndClock) {
  const EmulatedMachine machine =
      EmulatedMachine::OfConfiguration("settings = \"everyone\"\n[[gpu]]\npreset = \"v100\"\n");
  Gpu& gpu = machine.gpu(0);
  const EmulatedLoad load(0, 0.9, 0.3);
  const GpuStatus before = gpu.ReadStatus().value();
  ASSERT_THAT(gpu.settings().SetPowerLimit(Watts(120)), IsOk());
  EXPECT_LT(gpu.ReadStatus().value().graphics_clock, before.graphics_clock);
  EXPECT_TRUE(Eventually([&] { return Power(gpu, PowerSensor::kInstant) <= Watts(120); }));
}

}  // namespace
}  // namespace zeus::nvml
