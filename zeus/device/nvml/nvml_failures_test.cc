#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/emulated_machine.h"
#include "tests/support/emulator_library.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/nvml/nvml_gpu.h"

namespace zeus::nvml {
namespace {

using testing::EmulatedMachine;
using testing::IsError;
using testing::IsOk;

constexpr const char* kTwoGpus = "settings = \"everyone\"\n[[gpu]]\npreset = \"v100\"\ncount = 2\n";

EmulatedMachine MachineWith(const std::string& faults) {
  return EmulatedMachine::OfConfiguration(kTwoGpus + faults);
}

TEST(NvmlFailures, AGpuThatIsLostLeavesTheOthersAlone) {
  const EmulatedMachine machine = MachineWith("[[fault]]\ngpu = 1\nerror = \"gpu_is_lost\"\nafter_calls = 100\n");
  Gpu& lost = machine.gpu(1);
  int readings = 0;
  while (lost.ReadEnergy() && readings < 1000) ++readings;
  EXPECT_GT(readings, 0);
  const auto is_lost = [](const char* what) {
    return IsError(ErrorCode::kUnavailable,
                   std::string("GPU 1 (Tesla V100-PCIE-32GB): ") + what +
                       ": GPU is lost; it fell off the bus or is gone: see the kernel's log, and restart the machine");
  };
  EXPECT_THAT(lost.ReadEnergy(), is_lost("energy"));
  EXPECT_THAT(lost.ReadPower(PowerSensor::kInstant), is_lost("power"));
  EXPECT_THAT(lost.ReadTemperature(), is_lost("temperature"));
  EXPECT_THAT(lost.ReadStatus(), is_lost("status"));
  EXPECT_THAT(lost.ReadProcesses(), is_lost("compute processes"));
  EXPECT_THAT(lost.settings().SetPowerLimit(Watts(150)), is_lost("power limit"));
  EXPECT_THAT(machine.gpu(0).ReadEnergy(), IsOk());
  EXPECT_THAT(machine.gpu(0).ReadStatus(), IsOk());
  EXPECT_THAT(machine.gpu(0).settings().SetPowerLimit(Watts(150)), IsOk());
}

TEST(NvmlFailures, WhatTheLibraryReturnedIsKept) {
  constexpr std::pair<const char*, int> kErrors[] = {
      {"timeout", 10}, {"corrupted_inforom", 14}, {"gpu_is_lost", 15}, {"reset_required", 16}, {"unknown", 999}};
  for (const auto& [name, code] : kErrors) {
    const EmulatedMachine machine =
        MachineWith(fmt::format("[[fault]]\ngpu = 0\nafter_calls = 100\nerror = \"{}\"\n", name));
    Gpu& gpu = machine.gpu(0);
    Result<EnergySample> sample = gpu.ReadEnergy();
    for (int readings = 0; sample && readings < 1000; ++readings) sample = gpu.ReadEnergy();
    ASSERT_FALSE(sample) << name;
    EXPECT_EQ(sample.error().library, ErrorLibrary::kNvml);
    EXPECT_EQ(sample.error().library_code, code);
    const Result<void> set = gpu.settings().SetPowerLimit(Watts(150));
    ASSERT_FALSE(set) << name;
    EXPECT_EQ(set.error().library_code, code);
  }
  const Result<void> ours = MachineWith("").gpu(0).settings().SetPowerLimit(Watts(99));
  ASSERT_FALSE(ours);
  EXPECT_EQ(ours.error().library, ErrorLibrary::kNone);
}

TEST(NvmlFailures, AFewTimeoutsPass) {
  const EmulatedMachine machine = MachineWith(
      "[[fault]]\ngpu = 0\nfunction = \"nvmlDeviceGetTotalEnergyConsumption\"\nerror = \"timeout\"\n"
      "after_calls = 10\ncalls = 3\n");
  Gpu& gpu = machine.gpu(0);
  Joules last(0);
  int failures = 0;
  for (int i = 0; i < 30; ++i) {
    const Result<EnergySample> sample = gpu.ReadEnergy();
    if (sample) {
      EXPECT_GE(sample->energy, last);
      EXPECT_NE(sample->step, CounterStep::kReset);
      last = sample->energy;
    } else {
      ++failures;
      EXPECT_THAT(sample, IsError(ErrorCode::kUnavailable, "energy: Timeout"));
      EXPECT_THAT(gpu.ReadPower(PowerSensor::kInstant), IsOk());
    }
  }
  EXPECT_EQ(failures, 3);
}

// Reads energy until its counter has fallen this often, and what it told never falls.
void ReadUntilResets(Gpu& gpu, int expected) {
  Joules last(0);
  int resets = 0;
  bool first = true;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (resets < expected && std::chrono::steady_clock::now() < end) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const EnergySample sample, gpu.ReadEnergy());
    EXPECT_EQ(sample.step == CounterStep::kFirst, first);
    EXPECT_GE(sample.energy, last);
    if (sample.step == CounterStep::kReset) ++resets;
    first = false;
    last = sample.energy;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(resets, expected);
}

TEST(NvmlFailures, ACounterThatWrapsGoesOn) {
  // Asleep, a V100 takes two of its sensor's periods for that.
  const EmulatedMachine machine = MachineWith("[[fault]]\ncounter_wraps_at_j = 1\n");
  ReadUntilResets(machine.gpu(0), 3);
}

TEST(NvmlFailures, ACounterThatIsResetGoesOn) {
  const EmulatedMachine machine = MachineWith("[[fault]]\ngpu = 0\ncounter_resets = true\nafter_seconds = 0.1\n");
  ReadUntilResets(machine.gpu(0), 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(machine.gpu(0).ReadEnergy().value().step, CounterStep::kAdvanced);
}

TEST(NvmlFailures, WithoutPermissionReadsGoOnAndSettingsSayWhatToDo) {
  const EmulatedMachine machine =
      EmulatedMachine::OfConfiguration("settings = \"nobody\"\n[[gpu]]\npreset = \"a100\"\n");
  Gpu& gpu = machine.gpu(0);
  GpuSettings& settings = gpu.settings();
  const auto is_denied = [](const char* what) {
    return IsError(ErrorCode::kPermissionDenied,
                   std::string(what) + ": permission denied; run as root, or have a privileged daemon make the change");
  };
  EXPECT_THAT(settings.SetPowerLimit(Watts(200)), is_denied("set power limit"));
  EXPECT_THAT(settings.SetPersistenceMode(PersistenceMode::kOn), is_denied("set persistence mode"));
  EXPECT_THAT(settings.LockClocks(ClockDomain::kGraphics, {Megahertz(600), Megahertz(900)}),
              is_denied("lock graphics clocks"));
  EXPECT_THAT(settings.ResetClocks(), is_denied("reset graphics clocks"));
  EXPECT_THAT(gpu.ReadEnergy(), IsOk());
  EXPECT_THAT(gpu.ReadStatus(), IsOk());
  EXPECT_TRUE(gpu.capabilities().Has(Capability::kSetPowerLimit));
}

TEST(NvmlFailures, WhatIsSetAlreadyNeedsNoPermission) {
  const EmulatedMachine machine =
      EmulatedMachine::OfConfiguration("settings = \"nobody\"\n[[gpu]]\npreset = \"v100\"\n");
  GpuSettings& settings = machine.gpu(0).settings();
  ZEUS_ASSERT_OK_AND_ASSIGN(const Watts limit, settings.ReadPowerLimit());
  EXPECT_THAT(settings.SetPowerLimit(limit), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const PersistenceMode mode, settings.ReadPersistenceMode());
  EXPECT_THAT(settings.SetPersistenceMode(mode), IsOk());
}

TEST(NvmlFailures, AGpuThatIsLostFromTheBeginningIsNamed) {
  const testing::EmulatorEnvironment environment(std::string(kTwoGpus) +
                                                 "[[fault]]\ngpu = 1\nerror = \"gpu_is_lost\"\n");
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Library> library, Library::Open(ZEUS_EMULATOR_LIBRARY));
  EXPECT_THAT(ProbeGpu(*library, 0), IsOk());
  EXPECT_THAT(ProbeGpu(*library, 1),
              IsError(ErrorCode::kUnavailable, "GPU 1: nvmlDeviceGetHandleByIndex_v2: GPU is lost"));
}

TEST(NvmlFailures, ValuesThatAreNoSettingsAreRefused) {
  const EmulatedMachine machine = MachineWith("");
  GpuSettings& settings = machine.gpu(0).settings();
  EXPECT_THAT(settings.SetPowerLimit(Watts(-1)), IsError(ErrorCode::kInvalidArgument, "-1 W is no power limit"));
  EXPECT_THAT(settings.SetPowerLimit(Watts(1e9)), IsError(ErrorCode::kInvalidArgument, "W is no power limit"));
  EXPECT_THAT(settings.SetPowerLimit(Watts(99)), IsError(ErrorCode::kInvalidArgument, "99 W is outside 100 to 250 W"));
  EXPECT_THAT(settings.LockClocks(ClockDomain::kGraphics, {Megahertz(-5), Megahertz(800)}),
              IsError(ErrorCode::kInvalidArgument, "-5 MHz is no clock"));
  EXPECT_THAT(settings.LockClocks(ClockDomain::kGraphics, {Megahertz(900), Megahertz(800)}),
              IsError(ErrorCode::kInvalidArgument, "lock clocks: 900 MHz is above 800 MHz"));
}

}  // namespace
}  // namespace zeus::nvml
