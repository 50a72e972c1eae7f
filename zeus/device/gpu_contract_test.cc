#include "tests/support/gpu_contract.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/emulated_machine.h"
#include "tests/support/fake_amdsmi/fake_amd_machine.h"
#include "zeus/device/fake/fake_gpu.h"
#include "zeus/device/nvml/nvml_gpu.h"

namespace zeus::testing {
namespace {

GpuCase Fake() {
  return {"Fake", [] {
            auto gpu = std::make_shared<FakeGpu>(FakeGpu::Options{});
            return GpuUnderTest{gpu, gpu.get(), ""};
          }};
}

GpuCase Emulated(const std::string& preset) {
  return {"Emulated" + preset, [preset] {
            auto machine = std::make_shared<EmulatedMachine>(EmulatedMachine::OfGpus(preset));
            return GpuUnderTest{machine, machine->size() > 0 ? &machine->gpu(0) : nullptr, ""};
          }};
}

GpuCase FakeAmd(const FakeAmdSmiKind& kind) {
  return {"FakeAmdAbi" + std::to_string(kind.abi), [kind] {
            auto machine = std::make_shared<FakeAmdMachine>(kind);
            return GpuUnderTest{machine, machine->gpus.empty() ? nullptr : machine->gpus.front().get(), ""};
          }};
}

/// The first NVIDIA GPU of this machine, if there is one. Only ever read.
GpuCase Real() {
  struct Owner {
    std::unique_ptr<nvml::Library> library;
    std::unique_ptr<Gpu> gpu;
  };
  return {"RealNvidia", [] {
            // Once another test has loaded the emulator, the loader gives it out under the bare name, too.
            const Result<DynamicLibrary> file = DynamicLibrary::OpenByName("libnvidia-ml.so.1");
            if (file && file->Symbol("zeusEmulatorBeginLoad")) {
              return GpuUnderTest{nullptr, nullptr, "no NVIDIA GPU here: the NVML that is loaded is the emulator's"};
            }
            auto library = nvml::Library::Open();
            if (!library) return GpuUnderTest{nullptr, nullptr, "no NVIDIA GPU here: " + library.error().message};
            auto owner = std::make_shared<Owner>();
            owner->library = *std::move(library);
            auto probe = nvml::ProbeGpu(*owner->library, 0);
            if (!probe) return GpuUnderTest{nullptr, nullptr, "no NVIDIA GPU here: " + probe.error().message};
            owner->gpu = std::make_unique<nvml::NvmlGpu>(*owner->library, Clock::System(), *std::move(probe));
            return GpuUnderTest{owner, owner->gpu.get(), ""};
          }};
}

std::vector<GpuCase> Changeable() {
  std::vector<GpuCase> cases{Fake()};
  for (const char* preset : {"m40", "p100", "v100", "rtx6000", "a100", "a40", "h100", "h200"}) {
    cases.push_back(Emulated(preset));
  }
  for (const FakeAmdSmiKind& kind : {kRocm63, kRocm64, kRocm70}) cases.push_back(FakeAmd(kind));
  return cases;
}

std::vector<GpuCase> Readable() {
  std::vector<GpuCase> cases = Changeable();
  cases.push_back(Real());
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Gpus, GpuReadContract, ::testing::ValuesIn(Readable()), GpuCaseName);
INSTANTIATE_TEST_SUITE_P(Gpus, GpuSettingsContract, ::testing::ValuesIn(Changeable()), GpuCaseName);

}  // namespace
}  // namespace zeus::testing
