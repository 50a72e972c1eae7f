#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "zeus/device/gpu.h"

/// What every Gpu must do, whoever makes it. Instantiate both suites with cases for GPUs that may be changed, and the
/// first alone for a real one that others use.
namespace zeus::testing {

/// A GPU and whatever keeps it there.
struct GpuUnderTest {
  std::shared_ptr<void> owner;
  Gpu* gpu = nullptr;
  std::string skip;  ///< Why there is none here; empty where there is one.
};

struct GpuCase {
  std::string name;
  std::function<GpuUnderTest()> make;

  friend void PrintTo(const GpuCase& each, std::ostream* out) { *out << each.name; }
};

inline std::string GpuCaseName(const ::testing::TestParamInfo<GpuCase>& info) {
  return info.param.name;
}

class GpuContract : public ::testing::TestWithParam<GpuCase> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    if (!subject_.skip.empty()) GTEST_SKIP() << subject_.skip;
    ASSERT_NE(subject_.gpu, nullptr);
  }

  [[nodiscard]] Gpu& gpu() const { return *subject_.gpu; }
  [[nodiscard]] bool Has(Capability capability) const { return gpu().capabilities().Has(capability); }

 private:
  GpuUnderTest subject_;
};

/// The reading half changes nothing.
class GpuReadContract : public GpuContract {};
class GpuSettingsContract : public GpuContract {};

}  // namespace zeus::testing
