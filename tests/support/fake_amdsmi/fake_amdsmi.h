#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/fake_amdsmi/fake_amdsmi_state.h"
#include "zeus/base/dynamic_library.h"
#include "zeus/device/amdsmi/amdsmi_search.h"

namespace zeus::testing {

/// The folder of a fake ROCm: see CMakeLists.txt beside this file.
inline std::filesystem::path FakeRocm(const std::string& name) {
  return std::filesystem::path(ZEUS_FAKE_AMDSMI_DIR) / name;
}

/// A search that finds this fake and nothing else.
inline AmdSmiSearch FakeSearch(const std::string& name) {
  return {.rocm_path = FakeRocm(name).string(), .opt = "/nonexistent", .use_loader = false};
}

/// The inside of a fake library, freshly reset. Lives as long as the process: so does the library.
inline FakeAmdSmiState& OpenFakeAmdSmi(const std::string& rocm, int abi) {
  const auto library = DynamicLibrary::Open(FakeRocm(rocm) / "lib" / ("libamd_smi.so." + std::to_string(abi)));
  EXPECT_TRUE(library.has_value()) << rocm;
  auto* const state = reinterpret_cast<FakeAmdSmiState* (*)()>(library->Symbol("fake_amdsmi_state").value());
  state()->Reset();
  return *state();
}

}  // namespace zeus::testing
