#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "emulator/configuration/environment.h"
#include "emulator/nvml/zeus_emulator.h"
#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/dynamic_library.h"

namespace zeus::testing {

/// While it lives, an emulator's library that this process loads joins a machine of this configuration, which nobody
/// else uses. For tests that open the library themselves; others take EmulatedMachine. One at a time.
class EmulatorEnvironment {
 public:
  explicit EmulatorEnvironment(const std::string& toml) {
    ::setenv(emulator::kStateVariable, (folder_.path() / "state").c_str(), 1);
    ::setenv(emulator::kConfigurationVariable, folder_.Write("machine.toml", toml).c_str(), 1);
  }
  EmulatorEnvironment(const EmulatorEnvironment&) = delete;
  EmulatorEnvironment& operator=(const EmulatorEnvironment&) = delete;
  ~EmulatorEnvironment() {
    ::unsetenv(emulator::kStateVariable);
    ::unsetenv(emulator::kConfigurationVariable);
  }

  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

  /// A copy of the library that lacks these functions, as that of an older driver does.
  [[nodiscard]] std::filesystem::path LibraryWithout(const std::vector<std::string>& functions) const {
    // The loader takes a file of the same name for the same library.
    const std::filesystem::path copy = folder_.path() / ("libnvidia-ml." + std::to_string(copies_++) + ".so");
    EXPECT_THAT(emulator::CopyLibraryWithout(ZEUS_EMULATOR_LIBRARY, functions, copy), IsOk());
    return copy;
  }

 private:
  const TemporaryFolder folder_;
  mutable int copies_ = 0;
};

/// Keeps an emulated GPU busy while it lives. The machine is the one that this process has joined.
class EmulatedLoad {
 public:
  EmulatedLoad(unsigned gpu, double compute, double memory) {
    EXPECT_EQ(Function<decltype(&zeusEmulatorBeginLoad)>("zeusEmulatorBeginLoad")(gpu, compute, memory, 0, &load_), 0);
  }
  EmulatedLoad(const EmulatedLoad&) = delete;
  EmulatedLoad& operator=(const EmulatedLoad&) = delete;
  ~EmulatedLoad() { EXPECT_EQ(Function<decltype(&zeusEmulatorEndLoad)>("zeusEmulatorEndLoad")(load_), 0); }

  void Change(double compute, double memory) const {
    const auto change = Function<decltype(&zeusEmulatorChangeLoad)>("zeusEmulatorChangeLoad");
    EXPECT_EQ(change(load_, compute, memory), 0);
  }

 private:
  template <class Pointer>
  static Pointer Function(const char* name) {
    return reinterpret_cast<Pointer>(DynamicLibrary::Open(ZEUS_EMULATOR_LIBRARY).value().Symbol(name).value());
  }

  zeusEmulatorLoad_t load_ = nullptr;
};

}  // namespace zeus::testing
