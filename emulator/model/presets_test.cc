#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "emulator/model/gpu_model.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus::emulator {
namespace {

using testing::IsError;
using ::testing::SizeIs;

// NVML_DEVICE_ARCH_*.
constexpr uint32_t kVolta = 5;
constexpr uint32_t kHopper = 9;

class PresetTest : public ::testing::TestWithParam<GpuModel> {};

INSTANTIATE_TEST_SUITE_P(Models, PresetTest, ::testing::ValuesIn(Presets()),
                         [](const auto& test) { return test.param.key; });

TEST_P(PresetTest, HasLimitsInOrder) {
  const GpuModel& gpu = GetParam();
  EXPECT_GT(gpu.min_limit, Watts(0));
  EXPECT_LE(gpu.min_limit, gpu.default_limit);
  EXPECT_LE(gpu.default_limit, gpu.max_limit);
}

TEST_P(PresetTest, ListsClocksDescendingEachOnce) {
  const GpuModel& gpu = GetParam();
  for (const std::vector<Megahertz>& clocks : {gpu.graphics_clocks, gpu.memory_clocks}) {
    ASSERT_FALSE(clocks.empty());
    EXPECT_TRUE(std::ranges::is_sorted(clocks, std::ranges::greater()));
    EXPECT_EQ(std::ranges::adjacent_find(clocks), clocks.end());
    EXPECT_GT(clocks.back(), Megahertz(0));
  }
  EXPECT_GT(gpu.power.voltage.knee, gpu.Clocks().lowest);
  EXPECT_LT(gpu.power.voltage.knee, gpu.Clocks().highest);
}

TEST_P(PresetTest, HasPowersThatCanBe) {
  const PowerParameters& power = GetParam().power;
  EXPECT_GT(power.asleep, Watts(0));
  EXPECT_LE(power.asleep, power.awake);
  EXPECT_LT(power.awake, GetParam().min_limit);
  EXPECT_GE(power.clock_tree, Watts(0));
  EXPECT_GT(power.full_memory, Watts(0));
  EXPECT_GT(power.awake + power.full_compute, GetParam().max_limit);
  EXPECT_GT(power.voltage.lowest_voltage, 0.5);
  EXPECT_LE(power.voltage.lowest_voltage, 1);
  EXPECT_GE(power.stalled_compute, 0);
  EXPECT_LE(power.stalled_compute, 1);
}

TEST_P(PresetTest, StaysCoolEnoughAtItsDefaultLimit) {
  const ThermalParameters& thermal = GetParam().thermal;
  const double hottest = thermal.ambient_celsius + thermal.kelvin_per_watt * GetParam().default_limit.value();
  EXPECT_GT(hottest, 55);
  EXPECT_LT(hottest, thermal.slowdown_celsius);
  EXPECT_LT(thermal.slowdown_celsius, thermal.shutdown_celsius);
  EXPECT_GT(thermal.time_constant, Seconds(1));
}

TEST_P(PresetTest, HasTheSensorsOfItsArchitecture) {
  const SensorParameters& sensor = GetParam().sensor;
  EXPECT_EQ(sensor.energy_period.has_value(), GetParam().architecture >= kVolta);
  EXPECT_EQ(sensor.has_memory_power, GetParam().architecture >= kHopper);
  EXPECT_EQ(sensor.usage == PowerUsageKind::kAverage, sensor.average.has_value());
  EXPECT_GT(sensor.instant.update_period, Seconds(0));
  EXPECT_GT(sensor.instant.window, Seconds(0));
  EXPECT_LE(sensor.instant.window, sensor.instant.update_period);
}

TEST_P(PresetTest, IsFoundByItsKey) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuModel found, FindPreset(GetParam().key));
  EXPECT_EQ(found.name, GetParam().name);
  EXPECT_EQ(found.pci_device & 0xFFFFU, 0x10DEU);
  EXPECT_EQ(found.pci_subsystem & 0xFFFFU, 0x10DEU);
}

TEST(PresetsTest, DifferInKeyNameAndDevice) {
  std::set<std::string> keys;
  std::set<std::string> names;
  std::set<uint32_t> devices;
  for (const GpuModel& gpu : Presets()) {
    keys.insert(gpu.key);
    names.insert(gpu.name);
    devices.insert(gpu.pci_device);
  }
  EXPECT_THAT(keys, SizeIs(Presets().size()));
  EXPECT_THAT(names, SizeIs(Presets().size()));
  EXPECT_THAT(devices, SizeIs(Presets().size()));
}

TEST(PresetsTest, AnUnknownKeyListsWhatThereIs) {
  EXPECT_THAT(FindPreset("b9000"), IsError(ErrorCode::kNotFound,
                                           "no GPU model \"b9000\": expected one of m40, p100, v100, rtx6000, a100, "
                                           "a40, h100, h200"));
}

TEST(PresetsTest, ClocksAreThoseThatCardsList) {
  const GpuModel p100 = *FindPreset("p100");
  EXPECT_EQ(p100.graphics_clocks[1], Megahertz(1316));
  EXPECT_EQ(p100.Clocks(), (ClockRange{Megahertz(544), Megahertz(1328)}));
  const GpuModel v100 = *FindPreset("v100");
  EXPECT_EQ(v100.graphics_clocks[1], Megahertz(1372));
  EXPECT_EQ(v100.Clocks(), (ClockRange{Megahertz(135), Megahertz(1380)}));
  EXPECT_EQ(FindPreset("m40")->Clocks(), (ClockRange{Megahertz(532), Megahertz(1114)}));
}

}  // namespace
}  // namespace zeus::emulator
