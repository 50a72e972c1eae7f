#pragma once

#include <chrono>
#include <cmath>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/fake_amdsmi/fake_amdsmi.h"
#include "zeus/device/amdsmi/amdsmi_library.h"
#include "zeus/device/amdsmi/list_amd_gpus.h"

namespace zeus::testing {

/// A fake library that a test can be repeated over.
struct FakeAmdSmiKind {
  const char* rocm;
  int abi;
  const char* version;

  friend void PrintTo(const FakeAmdSmiKind& kind, std::ostream* out) { *out << kind.rocm; }
};
inline constexpr FakeAmdSmiKind kRocm63{"rocm-6.3.3", 24, "24.7.1"};
inline constexpr FakeAmdSmiKind kRocm64{"rocm-6.4.4", 25, "25.5.1"};
inline constexpr FakeAmdSmiKind kRocm70{"rocm-7.0.2", 26, "26.0.2"};

/// "Abi24", ...: names the instances of a test over all kinds.
inline std::string AbiName(const ::testing::TestParamInfo<FakeAmdSmiKind>& kind) {
  return "Abi" + std::to_string(kind.param.abi);
}

/// A machine with AMD GPUs that are not there: a fake library, opened, and its GPUs in HIP's order.
struct FakeAmdMachine {
  FakeAmdSmiState& state;
  std::unique_ptr<AmdSmiLibrary> library;
  std::vector<std::string> notes;
  std::vector<std::unique_ptr<Gpu>> gpus;

  explicit FakeAmdMachine(const FakeAmdSmiKind& kind) : FakeAmdMachine(kind.rocm, kind.abi, [](FakeAmdSmiState&) {}) {}

  /// `prepare` changes the fake before its GPUs are looked for.
  template <class Prepare>
  FakeAmdMachine(const std::string& rocm, int abi, Prepare prepare) : state(OpenFakeAmdSmi(rocm, abi)) {
    auto opened = AmdSmiLibrary::Open(FakeSearch(rocm));
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    library = std::move(*opened);
    prepare(state);
    auto listed = ListAmdGpus(*library, {.sleep = [this](std::chrono::milliseconds pause) { LetEnergyFlow(pause); },
                                         .on_note = [this](const std::string& note) { notes.push_back(note); }});
    EXPECT_TRUE(listed.has_value()) << listed.error().message;
    if (listed) gpus = std::move(*listed);
  }

  /// The GPU of the fake that has this place in HIP's order.
  [[nodiscard]] FakeAmdGpu& inside(size_t index) const {
    for (FakeAmdGpu* const gpu : state.gpus()) {
      if (gpu->hip_id == index) return *gpu;
    }
    ADD_FAILURE() << "no GPU " << index;
    return *state.gpus().front();
  }

  /// Counts what the power sensors show.
  void LetEnergyFlow(std::chrono::milliseconds pause) const {
    for (FakeAmdGpu* const gpu : state.gpus()) {
      const double watts = gpu->average_power != 0xFFFF ? gpu->average_power : gpu->current_power;
      const double joules = watts * std::chrono::duration<double>(pause).count();
      gpu->energy += static_cast<uint64_t>(std::llround(joules / (gpu->energy_resolution * 1e-6)));
    }
  }
};

}  // namespace zeus::testing
