#include "emulator/configuration/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus::emulator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Configuration Parsed(const std::string& text) {
  Result<Configuration> configuration = ParseConfiguration(text, "machine.toml");
  EXPECT_THAT(configuration, testing::IsOk());
  return configuration ? *std::move(configuration) : Configuration{};
}

TEST(Configuration, NoTextIsAMachineWithoutGpus) {
  const Configuration configuration = Parsed("");
  EXPECT_THAT(configuration.gpus, IsEmpty());
  EXPECT_THAT(configuration.faults, IsEmpty());
  EXPECT_THAT(configuration.missing_symbols, IsEmpty());
  EXPECT_EQ(configuration.settings, SettingsPermission::kRoot);
  EXPECT_EQ(configuration.library_version, "12." + configuration.driver_version);
}

TEST(Configuration, KeysOfTheMachine) {
  const Configuration configuration = Parsed(R"(
driver_version = "535.104.05"
cuda_version = 12020
settings = "everyone"
missing_symbols = ["nvmlDeviceGetTemperatureV", "nvmlDeviceGetMemoryInfo_v2"]
)");
  EXPECT_EQ(configuration.driver_version, "535.104.05");
  EXPECT_EQ(configuration.library_version, "12.535.104.05");
  EXPECT_EQ(configuration.cuda_version, 12020);
  EXPECT_EQ(configuration.settings, SettingsPermission::kEveryone);
  EXPECT_THAT(configuration.missing_symbols, ElementsAre("nvmlDeviceGetTemperatureV", "nvmlDeviceGetMemoryInfo_v2"));
}

TEST(Configuration, TheLibraryMayDifferFromTheDriver) {
  EXPECT_EQ(Parsed("library_version = \"11.470.1\"").library_version, "11.470.1");
}

TEST(Configuration, WhoMayChangeSettings) {
  EXPECT_EQ(Parsed("settings = \"root\"").settings, SettingsPermission::kRoot);
  EXPECT_EQ(Parsed("settings = \"everyone\"").settings, SettingsPermission::kEveryone);
  EXPECT_EQ(Parsed("settings = \"nobody\"").settings, SettingsPermission::kNobody);
}

TEST(Configuration, AGpuIsItsPresetButForWhatIsSaid) {
  const Configuration configuration = Parsed(R"(
[[gpu]]
preset = "v100"

[[gpu]]
preset = "v100"
count = 2
name = "Tesla V100 of ours"
min_power_limit_w = 50
max_power_limit_w = 300.5
default_power_limit_w = 200
memory_gib = 0.5
ambient_celsius = 41.5
energy_counter = false
)");
  ASSERT_EQ(configuration.gpus.size(), 3);
  const GpuModel preset = FindPreset("v100").value();
  EXPECT_EQ(configuration.gpus[0].name, preset.name);
  EXPECT_EQ(configuration.gpus[0].memory_bytes, preset.memory_bytes);
  EXPECT_TRUE(configuration.gpus[0].sensor.energy_period.has_value());
  for (const GpuModel& gpu : {configuration.gpus[1], configuration.gpus[2]}) {
    EXPECT_EQ(gpu.key, "v100");
    EXPECT_EQ(gpu.name, "Tesla V100 of ours");
    EXPECT_EQ(gpu.min_limit, Watts(50));
    EXPECT_EQ(gpu.max_limit, Watts(300.5));
    EXPECT_EQ(gpu.default_limit, Watts(200));
    EXPECT_EQ(gpu.memory_bytes, uint64_t{512} << 20);
    EXPECT_EQ(gpu.thermal.ambient_celsius, 41.5);
    EXPECT_FALSE(gpu.sensor.energy_period.has_value());
    EXPECT_EQ(gpu.graphics_clocks, preset.graphics_clocks);
  }
}

TEST(Configuration, ACardWithoutACounterCanBeGivenOne) {
  const GpuModel preset = FindPreset("p100").value();
  ASSERT_FALSE(preset.sensor.energy_period.has_value());
  const Configuration configuration = Parsed("[[gpu]]\npreset = \"p100\"\nenergy_counter = true\n");
  EXPECT_EQ(configuration.gpus.at(0).sensor.energy_period, preset.sensor.instant.update_period);
}

TEST(Configuration, AFailingCall) {
  const Configuration configuration = Parsed(R"(
[[fault]]
gpu = 1
function = "nvmlDeviceGetPowerUsage"
error = "timeout"
after_seconds = 2.5
for_seconds = 3
after_calls = 10
calls = 4

[[gpu]]
preset = "v100"
count = 2
)");
  ASSERT_EQ(configuration.faults.size(), 1);
  const Fault& fault = configuration.faults.front();
  EXPECT_EQ(fault.kind, Fault::Kind::kError);
  EXPECT_EQ(fault.gpu, 1);
  EXPECT_EQ(fault.function, "nvmlDeviceGetPowerUsage");
  EXPECT_EQ(fault.error, 10);
  EXPECT_EQ(fault.after_seconds, 2.5);
  EXPECT_EQ(fault.for_seconds, 3);
  EXPECT_EQ(fault.after_calls, 10);
  EXPECT_EQ(fault.calls, 4);
}

TEST(Configuration, AFaultIsOfEveryGpuEveryFunctionAndAlwaysUnlessItSaysOtherwise) {
  const Configuration configuration = Parsed("[[gpu]]\npreset = \"v100\"\n[[fault]]\nerror = \"unknown\"\n");
  const Fault& fault = configuration.faults.at(0);
  EXPECT_EQ(fault.error, 999);
  EXPECT_FALSE(fault.gpu.has_value());
  EXPECT_THAT(fault.function, IsEmpty());
  EXPECT_EQ(fault.after_seconds, 0);
  EXPECT_FALSE(fault.for_seconds.has_value());
  EXPECT_EQ(fault.after_calls, 0);
  EXPECT_FALSE(fault.calls.has_value());
}

TEST(Configuration, FaultsOfTheCounter) {
  const Configuration configuration = Parsed(R"(
[[gpu]]
preset = "v100"
[[fault]]
counter_wraps_at_j = 4294967.296
[[fault]]
gpu = 0
counter_resets = true
after_seconds = 1
)");
  ASSERT_EQ(configuration.faults.size(), 2);
  EXPECT_EQ(configuration.faults[0].kind, Fault::Kind::kCounterWraps);
  EXPECT_EQ(configuration.faults[0].counter_value, uint64_t{1} << 32);
  EXPECT_EQ(configuration.faults[1].kind, Fault::Kind::kCounterResets);
  EXPECT_EQ(configuration.faults[1].gpu, 0);
  EXPECT_EQ(configuration.faults[1].after_seconds, 1);
}

TEST(Configuration, SixtyFourGpusFit) {
  EXPECT_EQ(Parsed("[[gpu]]\npreset = \"v100\"\ncount = 64\n").gpus.size(), kMaxGpus);
}

// toml++ 3.3 ran into undefined behaviour on this letter.
TEST(ParseConfigurationTest, LettersBeyondAsciiAreRefused) {
  EXPECT_THAT(ParseConfiguration("\n\xce\x83 = 1\n", "machine.toml"),
              ::zeus::testing::IsError(ErrorCode::kInvalidData, "machine.toml:2: expected ASCII alone"));
}

}  // namespace
}  // namespace zeus::emulator
