#include "zeus/device/amdsmi/list_amd_gpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_amdsmi/fake_amd_machine.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::zeus::testing::FakeAmdMachine;
using ::zeus::testing::FakeAmdSmiKind;
using ::zeus::testing::FakeAmdSmiState;
using ::zeus::testing::FakeSearch;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;
using ::zeus::testing::OpenFakeAmdSmi;

class ListAmdGpusTest : public ::testing::TestWithParam<FakeAmdSmiKind> {
 protected:
  template <class Prepare>
  static FakeAmdMachine Machine(Prepare prepare) {
    return FakeAmdMachine(GetParam().rocm, GetParam().abi, prepare);
  }
};

TEST_P(ListAmdGpusTest, ListsInHipOrder) {
  const FakeAmdMachine machine(GetParam());
  ASSERT_EQ(machine.gpus.size(), machine.state.gpus().size());
  for (size_t i = 0; i < machine.gpus.size(); ++i) {
    const GpuInfo& info = machine.gpus[i]->info();
    EXPECT_EQ(info.index, static_cast<int>(i));
    EXPECT_EQ(info.vendor, GpuVendor::kAmd);
    EXPECT_EQ(info.uuid, machine.inside(i).uuid);
    EXPECT_EQ(info.name, machine.inside(i).name);
  }
  EXPECT_THAT(machine.notes, IsEmpty());
}

TEST_P(ListAmdGpusTest, TellsThePciAddress) {
  FakeAmdMachine machine = Machine([](FakeAmdSmiState& fake) {
    for (testing::FakeAmdGpu* const gpu : fake.gpus()) gpu->bdf += (uint64_t{1} << 16) | (0x1F << 3) | 0x7;
  });
  const uint64_t bus = (machine.inside(0).bdf >> 8) & 0xFF;
  char expected[16];
  std::snprintf(expected, sizeof(expected), "0001:%02x:1f.7", static_cast<unsigned>(bus));
  EXPECT_EQ(machine.gpus[0]->info().pci_address, expected);
}

TEST_P(ListAmdGpusTest, SleepsOnceForAllHalfASecond) {
  OpenFakeAmdSmi(GetParam().rocm, GetParam().abi);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch(GetParam().rocm)));
  std::vector<std::chrono::milliseconds> pauses;
  EXPECT_THAT(ListAmdGpus(*library, {.sleep = [&](auto pause) { pauses.push_back(pause); }}), IsOk());
  EXPECT_THAT(pauses, ElementsAre(std::chrono::milliseconds(500)));
}

TEST_P(ListAmdGpusTest, AMachineWithoutGpusNeedNotSleep) {
  OpenFakeAmdSmi(GetParam().rocm, GetParam().abi).HideGpus();
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch(GetParam().rocm)));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, ListAmdGpus(*library, {.sleep = [](auto) { ADD_FAILURE(); }}));
  EXPECT_THAT(gpus, IsEmpty());
}

TEST_P(ListAmdGpusTest, ACounterThatStandsStillIsNotOffered) {
  OpenFakeAmdSmi(GetParam().rocm, GetParam().abi);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch(GetParam().rocm)));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, ListAmdGpus(*library, {.sleep = [](auto) {}}));
  for (const auto& gpu : gpus) {
    EXPECT_THAT(gpu->capabilities().WhyNot(Capability::kEnergyCounter),
                HasSubstr("the energy counter cannot be trusted: it counted 0 J in 0.5 s, and the power sensor makes"));
    EXPECT_THAT(gpu->ReadEnergy(), IsError(ErrorCode::kFailedPrecondition, "the energy counter cannot be trusted"));
    EXPECT_TRUE(gpu->capabilities().Has(GetParam().abi == 24 ? Capability::kAveragePower : Capability::kInstantPower));
  }
}

TEST_P(ListAmdGpusTest, ACounterTooFastByThousandIsNotOffered) {
  // ROCm/amdsmi issue 38: the resolution in the wrong unit. Only GPU 0 has it.
  OpenFakeAmdSmi(GetParam().rocm, GetParam().abi);
  FakeAmdMachine machine = Machine([](FakeAmdSmiState&) {});
  const auto sleep = [&](std::chrono::milliseconds pause) {
    machine.LetEnergyFlow(pause);
    machine.inside(0).energy += 1'000'000'000;
  };
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, ListAmdGpus(*machine.library, {.sleep = sleep}));
  EXPECT_FALSE(gpus[0]->capabilities().Has(Capability::kEnergyCounter));
  EXPECT_TRUE(gpus[1]->capabilities().Has(Capability::kEnergyCounter));
}

TEST_P(ListAmdGpusTest, ChipletsOfAnMi250) {
  const FakeAmdMachine machine = Machine([](FakeAmdSmiState& fake) {
    for (testing::FakeAmdGpu* const gpu : fake.gpus()) {
      gpu->name = "AMD Instinct MI250X";
      if (gpu->hip_id == 1) gpu->current_power = gpu->average_power = 0;
    }
  });
  ASSERT_FALSE(machine.notes.empty());
  EXPECT_THAT(machine.notes.front(), HasSubstr("GPU 0 is the first chiplet of an MI250"));
  EXPECT_TRUE(machine.gpus[0]->capabilities().Has(Capability::kEnergyCounter));
  for (const Capability each : {Capability::kInstantPower, Capability::kAveragePower, Capability::kEnergyCounter}) {
    EXPECT_EQ(machine.gpus[1]->capabilities().WhyNot(each),
              "this is the second chiplet of an MI250: GPU 0 reports the power and energy of both");
  }
  EXPECT_THAT(machine.gpus[1]->ReadPower(PowerSensor::kInstant),
              IsError(ErrorCode::kFailedPrecondition, "second chiplet of an MI250"));
}

TEST_P(ListAmdGpusTest, ALostGpuDoesNotHideTheOthers) {
  const FakeAmdMachine machine = Machine([](FakeAmdSmiState& fake) { fake.gpus().front()->lost = true; });
  ASSERT_EQ(machine.gpus.size(), machine.state.gpus().size());
  const size_t lost = machine.state.gpus().front()->hip_id;
  for (size_t i = 0; i < machine.gpus.size(); ++i) {
    if (i == lost) {
      EXPECT_THAT(machine.gpus[i]->ReadPower(PowerSensor::kInstant), IsError(ErrorCode::kUnavailable, "STATUS_IO"));
      EXPECT_THAT(machine.gpus[i]->ReadEnergy(), IsError(ErrorCode::kFailedPrecondition, "could not be checked"));
      EXPECT_THAT(machine.gpus[i]->info().uuid, ::testing::MatchesRegex("AMD-0000-[0-9a-f]{2}-00-0"));
      EXPECT_EQ(machine.gpus[i]->info().name, "AMD GPU");
    } else {
      EXPECT_THAT(machine.gpus[i]->ReadEnergy(), IsOk());
    }
  }
}

TEST_P(ListAmdGpusTest, AFailureToListIsAnError) {
  FakeAmdSmiState& fake = OpenFakeAmdSmi(GetParam().rocm, GetParam().abi);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch(GetParam().rocm)));
  fake.Fail("amdsmi_get_processor_handles", 1, 1, 7);
  EXPECT_THAT(ListAmdGpus(*library, {.sleep = [](auto) {}}),
              IsError(ErrorCode::kUnavailable, "amdsmi_get_processor_handles: AMDSMI_STATUS_API_FAILED"));
}

INSTANTIATE_TEST_SUITE_P(Abis, ListAmdGpusTest, ::testing::Values(testing::kRocm63, testing::kRocm64, testing::kRocm70),
                         testing::AbiName);

TEST(HipOrderTest, KernelNodesWhereHipNumbersMakeNoSense) {
  // Two GPUs with one number: the kernel's order, which is that of node_id, must do.
  const FakeAmdMachine machine("rocm-7.0.2", 26, [](FakeAmdSmiState& fake) {
    for (testing::FakeAmdGpu* const gpu : fake.gpus()) gpu->hip_id = 0;
  });
  ASSERT_EQ(machine.gpus.size(), 2U);
  EXPECT_EQ(machine.gpus[0]->info().pci_address, "0000:83:00.0");
  EXPECT_EQ(machine.gpus[1]->info().pci_address, "0000:23:00.0");
}

TEST(HipOrderTest, HipNumbersMayHaveGaps) {
  const FakeAmdMachine machine("rocm-7.0.2", 26, [](FakeAmdSmiState& fake) { fake.gpus()[0]->hip_id = 5; });
  ASSERT_EQ(machine.gpus.size(), 2U);
  EXPECT_EQ(machine.gpus[0]->info().index, 0);
  EXPECT_EQ(machine.gpus[1]->info().index, 5);
}

TEST(HipOrderTest, WithoutAnyNumbersThereIsNoOrder) {
  FakeAmdSmiState& fake = OpenFakeAmdSmi("rocm-6.3.3", 24);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch("rocm-6.3.3")));
  for (testing::FakeAmdGpu* const gpu : fake.gpus()) gpu->node_id = UINT32_MAX;
  EXPECT_THAT(ListAmdGpus(*library, {.sleep = [](auto) {}}),
              IsError(ErrorCode::kUnavailable, "amdsmi_get_gpu_kfd_info: gives no node_id for the AMD GPU at 0000:"));
  for (testing::FakeAmdGpu* const gpu : fake.gpus()) gpu->node_id = 4;
  EXPECT_THAT(ListAmdGpus(*library, {.sleep = [](auto) {}}),
              IsError(ErrorCode::kUnavailable, "amdsmi_get_gpu_kfd_info: node_id 4 is that of two AMD GPUs, at 0000:"));
}

TEST(HipOrderTest, ALibraryWithNeitherFunction) {
  OpenFakeAmdSmi("without_order", 24);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch("without_order")));
  EXPECT_THAT(ListAmdGpus(*library, {.sleep = [](auto) {}}),
              IsError(ErrorCode::kFailedPrecondition,
                      "libamd_smi.so.24 of AMD SMI 24.7.1 has no amdsmi_get_gpu_enumeration_info, nor "
                      "amdsmi_get_gpu_kfd_info: expected one of the two, as ROCm 6.3 and newer have"));
}

TEST(ListAmdGpusMissingSymbolsTest, CapabilitiesGoWithTheirReasons) {
  const FakeAmdMachine machine("without_optional", 26, [](FakeAmdSmiState&) {});
  ASSERT_EQ(machine.gpus.size(), 2U);
  Gpu& gpu = *machine.gpus[0];
  EXPECT_THAT(gpu.capabilities().WhyNot(Capability::kTemperature),
              HasSubstr("libamd_smi.so.26 of AMD SMI 26.0.2 has no amdsmi_get_temp_metric"));
  EXPECT_THAT(gpu.capabilities().WhyNot(Capability::kProcesses), HasSubstr("has no amdsmi_get_gpu_process_list"));
  EXPECT_THAT(gpu.capabilities().WhyNot(Capability::kUtilization), HasSubstr("has no amdsmi_get_gpu_activity"));
  EXPECT_THAT(gpu.capabilities().WhyNot(Capability::kMemoryUse), HasSubstr("has no amdsmi_get_gpu_memory_usage"));
  for (const Capability lock : {Capability::kLockGraphicsClock, Capability::kLockMemoryClock}) {
    EXPECT_EQ(gpu.capabilities().WhyNot(lock),
              "libamd_smi.so.26 of AMD SMI 26.0.2 has no amdsmi_set_gpu_clk_limit, nor amdsmi_set_gpu_clk_range");
  }
  EXPECT_THAT(gpu.ReadTemperature(), IsError(ErrorCode::kFailedPrecondition, "has no amdsmi_get_temp_metric"));
  EXPECT_THAT(gpu.settings().ResetClocks(), IsError(ErrorCode::kFailedPrecondition, "amdsmi_set_gpu_perf_level"));
  EXPECT_THAT(gpu.ReadStatus(), IsOk());
  EXPECT_THAT(gpu.ReadEnergy(), IsOk());
  EXPECT_EQ(gpu.info().uuid, "AMD-0000-83-00-0");
}

}  // namespace
}  // namespace zeus
