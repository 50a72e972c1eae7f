#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/nvml/nvml_gpu.h"

namespace zeus::testing {

/// A machine with emulated NVIDIA GPUs of this process's own: the emulator's library, opened, and its GPUs.
/// One at a time: the environment says which machine the library joins.
class EmulatedMachine {
 public:
  /// Of a list of GPUs such as "v100x2".
  static EmulatedMachine OfGpus(const std::string& gpus) { return EmulatedMachine("ZEUS_EMULATOR_GPUS", gpus, ""); }
  /// Of the text of a configuration file.
  static EmulatedMachine OfConfiguration(const std::string& toml) {
    return EmulatedMachine("ZEUS_EMULATOR_CONFIG", "", toml);
  }

  EmulatedMachine(EmulatedMachine&&) = default;
  ~EmulatedMachine() {
    gpus_.clear();
    library_.reset();
    if (folder_ != nullptr) {
      for (const char* name : {"ZEUS_EMULATOR_STATE", "ZEUS_EMULATOR_GPUS", "ZEUS_EMULATOR_CONFIG"}) ::unsetenv(name);
    }
  }

  [[nodiscard]] const nvml::Library& library() const { return *library_; }
  [[nodiscard]] Gpu& gpu(size_t index) const { return *gpus_.at(index); }
  [[nodiscard]] size_t size() const { return gpus_.size(); }
  [[nodiscard]] std::filesystem::path state_file() const { return folder_->path() / "state"; }

 private:
  EmulatedMachine(const char* variable, std::string value, const std::string& toml)
      : folder_(std::make_unique<TemporaryFolder>()) {
    if (!toml.empty()) value = folder_->Write("machine.toml", toml).string();
    ::setenv("ZEUS_EMULATOR_STATE", state_file().c_str(), 1);
    ::setenv(variable, value.c_str(), 1);
    Result<std::unique_ptr<nvml::Library>> library = nvml::Library::Open(ZEUS_EMULATOR_LIBRARY);
    EXPECT_THAT(library, IsOk());
    if (!library) return;
    library_ = *std::move(library);
    unsigned count = 0;
    EXPECT_EQ(library_->functions().device_count(&count), nvml::kSuccess);
    for (unsigned i = 0; i < count; ++i) {
      Result<nvml::Probe> probe = nvml::ProbeGpu(*library_, static_cast<int>(i));
      EXPECT_THAT(probe, IsOk());
      if (probe) gpus_.push_back(std::make_unique<nvml::NvmlGpu>(*library_, Clock::System(), *std::move(probe)));
    }
  }

  std::unique_ptr<TemporaryFolder> folder_;
  std::unique_ptr<nvml::Library> library_;
  std::vector<std::unique_ptr<Gpu>> gpus_;
};

}  // namespace zeus::testing
