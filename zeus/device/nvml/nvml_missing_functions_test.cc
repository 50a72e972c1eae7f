#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "tests/support/emulator_library.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/nvml/nvml_gpu.h"

namespace zeus::nvml {
namespace {

using testing::EmulatorEnvironment;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

/// The card that can do everything, driven by a library that lacks some functions.
class GpuWithout {
 public:
  explicit GpuWithout(const std::vector<std::string>& functions)
      : library_(Library::Open(environment_.LibraryWithout(functions))) {
    EXPECT_THAT(library_, IsOk());
    if (!library_) return;
    Result<Probe> probe = ProbeGpu(**library_, 0);
    EXPECT_THAT(probe, IsOk());
    if (probe) gpu_ = std::make_unique<NvmlGpu>(**library_, Clock::System(), *std::move(probe));
  }

  [[nodiscard]] const Library& library() const { return **library_; }
  [[nodiscard]] Gpu& gpu() const { return *gpu_; }
  [[nodiscard]] bool Has(Capability capability) const { return gpu_->capabilities().Has(capability); }
  [[nodiscard]] const std::string& WhyNot(Capability capability) const {
    return gpu_->capabilities().WhyNot(capability);
  }

 private:
  const EmulatorEnvironment environment_{"settings = \"everyone\"\n[[gpu]]\npreset = \"h100\"\n"};
  const Result<std::unique_ptr<Library>> library_;
  std::unique_ptr<NvmlGpu> gpu_;
};

/// A function, and what is gone with it. Most of what has two ways works without either.
struct MissingFunction {
  std::string name;
  std::set<Capability> gone;

  friend void PrintTo(const MissingFunction& function, std::ostream* out) { *out << function.name; }
};

std::set<Capability> GoneWithout(const std::string& function) {
  using enum Capability;
  if (function == "nvmlDeviceGetFieldValues") return {kInstantPower, kMemoryPower};
  if (function == "nvmlDeviceGetTotalEnergyConsumption") return {kEnergyCounter};
  if (function == "nvmlDeviceGetClockInfo") return {kClocks};
  if (function == "nvmlDeviceGetUtilizationRates") return {kUtilization};
  if (function == "nvmlDeviceGetComputeRunningProcesses_v3") return {kProcesses};
  if (function == "nvmlDeviceGetPowerManagementLimit") return {kPowerLimit, kSetPowerLimit};
  if (function == "nvmlDeviceGetPowerManagementDefaultLimit") return {kSetPowerLimit};
  if (function == "nvmlDeviceGetPowerManagementLimitConstraints") return {kSetPowerLimit};
  if (function == "nvmlDeviceSetPowerManagementLimit") return {kSetPowerLimit};
  if (function == "nvmlDeviceGetPersistenceMode") return {kPersistenceMode, kSetPersistenceMode};
  if (function == "nvmlDeviceSetPersistenceMode") return {kSetPersistenceMode};
  if (function == "nvmlDeviceGetSupportedMemoryClocks") return {kLockMemoryClock};
  if (function == "nvmlDeviceSetGpuLockedClocks") return {kLockGraphicsClock};
  if (function == "nvmlDeviceResetGpuLockedClocks") return {kLockGraphicsClock};
  if (function == "nvmlDeviceSetMemoryLockedClocks") return {kLockMemoryClock};
  if (function == "nvmlDeviceResetMemoryLockedClocks") return {kLockMemoryClock};
  return {};
}

std::vector<MissingFunction> OptionalFunctions() {
  std::vector<MissingFunction> functions;
#define ZEUS_TEST_FUNCTION(member, symbol, parameters) functions.push_back({#symbol, GoneWithout(#symbol)});
  ZEUS_NVML_OPTIONAL(ZEUS_TEST_FUNCTION)
#undef ZEUS_TEST_FUNCTION
  return functions;
}

class NvmlMissingFunction : public ::testing::TestWithParam<MissingFunction> {};

TEST_P(NvmlMissingFunction, TakesItsCapabilityAwayAndSaysSo) {
  const GpuWithout without({GetParam().name});
  for (size_t i = 0; i < kCapabilityCount; ++i) {
    const auto capability = static_cast<Capability>(i);
    SCOPED_TRACE(CapabilityName(capability));
    EXPECT_EQ(without.Has(capability), !GetParam().gone.contains(capability)) << without.WhyNot(capability);
    if (!without.Has(capability)) {
      EXPECT_THAT(without.WhyNot(capability), HasSubstr("this driver's NVML has no " + GetParam().name));
    }
  }
}

// What the GPU says it can do succeeds; the rest is an error that says that it cannot.
TEST_P(NvmlMissingFunction, IsAnErrorWhereItIsNeeded) {
  const GpuWithout without({GetParam().name});
  GpuSettings& settings = without.gpu().settings();
  const auto check = [&](Capability capability, const auto& result) {
    SCOPED_TRACE(CapabilityName(capability));
    if (without.Has(capability)) {
      EXPECT_THAT(result, IsOk());
    } else {
      EXPECT_THAT(result, IsError(ErrorCode::kFailedPrecondition, ""));
    }
  };
  using enum Capability;
  check(kInstantPower, without.gpu().ReadPower(PowerSensor::kInstant));
  check(kAveragePower, without.gpu().ReadPower(PowerSensor::kAverage));
  check(kMemoryPower, without.gpu().ReadPower(PowerSensor::kMemoryAverage));
  check(kEnergyCounter, without.gpu().ReadEnergy());
  check(kTemperature, without.gpu().ReadTemperature());
  check(kProcesses, without.gpu().ReadProcesses());
  check(kPowerLimit, settings.ReadPowerLimit());
  check(kPersistenceMode, settings.ReadPersistenceMode());
  check(kSetPersistenceMode, settings.SetPersistenceMode(PersistenceMode::kOn));
  if (without.Has(kSetPowerLimit)) {
    EXPECT_THAT(settings.ReadPowerLimitRange(), IsOk());
    EXPECT_THAT(settings.SetPowerLimit(Watts(400)), IsOk());
  }

  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuStatus status, without.gpu().ReadStatus());
  EXPECT_EQ(status.graphics_clock.has_value(), without.Has(kClocks));
  EXPECT_EQ(status.memory_clock.has_value(), without.Has(kClocks));
  EXPECT_EQ(status.gpu_utilization.has_value(), without.Has(kUtilization));
  EXPECT_EQ(status.memory_total.has_value(), without.Has(kMemoryUse));
  EXPECT_EQ(status.throttle_reasons.has_value(), without.Has(kThrottleReasons));
}

INSTANTIATE_TEST_SUITE_P(All, NvmlMissingFunction, ::testing::ValuesIn(OptionalFunctions()),
                         [](const auto& function) { return function.param.name; });

TEST(NvmlMissingFunctions, BothWaysToOneFigure) {
  const GpuWithout without({"nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature", "nvmlDeviceGetMemoryInfo_v2",
                            "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetCurrentClocksEventReasons",
                            "nvmlDeviceGetCurrentClocksThrottleReasons", "nvmlDeviceGetFieldValues",
                            "nvmlDeviceGetPowerUsage"});
  const auto expect_gone = [&](Capability capability, const std::string& function) {
    EXPECT_EQ(without.WhyNot(capability), "this driver's NVML has no " + function);
  };
  expect_gone(Capability::kTemperature, "nvmlDeviceGetTemperature");
  expect_gone(Capability::kMemoryUse, "nvmlDeviceGetMemoryInfo");
  expect_gone(Capability::kThrottleReasons, "nvmlDeviceGetCurrentClocksThrottleReasons");
  expect_gone(Capability::kAveragePower, "nvmlDeviceGetPowerUsage");
  expect_gone(Capability::kInstantPower, "nvmlDeviceGetFieldValues");
  EXPECT_THAT(without.gpu().ReadTemperature(), IsError(ErrorCode::kFailedPrecondition, "Function Not Found"));
  EXPECT_THAT(without.gpu().ReadPower(PowerSensor::kAverage),
              IsError(ErrorCode::kFailedPrecondition, "average_power: this driver's NVML has no"));
}

TEST(NvmlMissingFunctions, AllOfThemLeaveAGpuWithAName) {
  std::vector<std::string> functions;
  for (const MissingFunction& function : OptionalFunctions()) functions.push_back(function.name);
  functions.emplace_back("nvmlErrorString");
  const GpuWithout without(functions);
  EXPECT_EQ(without.library().driver_version(), "");
  EXPECT_EQ(without.library().library_version(), "");
  EXPECT_THAT(without.gpu().info().name, HasSubstr("H100"));
  for (size_t i = 0; i < kCapabilityCount; ++i) {
    EXPECT_FALSE(without.Has(static_cast<Capability>(i))) << CapabilityName(static_cast<Capability>(i));
  }
  EXPECT_THAT(without.gpu().ReadStatus(), IsError(ErrorCode::kFailedPrecondition, "status: NVML error 13"));
  EXPECT_THAT(without.gpu().settings().SetPowerLimit(Watts(400)),
              IsError(ErrorCode::kFailedPrecondition, "power limit"));
  EXPECT_THAT(without.gpu().settings().ResetClocks(), IsError(ErrorCode::kFailedPrecondition, "reset graphics clocks"));
  EXPECT_THAT(without.gpu().settings().ReadSupportedClocks(ClockDomain::kGraphics),
              IsError(ErrorCode::kFailedPrecondition, "supported memory clocks"));
}

}  // namespace
}  // namespace zeus::nvml
