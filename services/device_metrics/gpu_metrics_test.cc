#include "services/device_metrics/gpu_metrics.h"

#include <gmock/gmock.h>

#include <array>

#include "services/device_metrics/cpu_metrics.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Written(std::span<Gpu* const> gpus) {
  http::MetricsText metrics;
  WriteGpuMetrics(gpus, metrics);
  return metrics.Take();
}

TEST(GpuMetricsTest, EachGpuHasItsFiguresInBaseUnits) {
  FakeGpu first({});
  FakeGpu second({.info = {.name = "Fake \"GPU\"", .uuid = "GPU-b", .pci_address = "", .index = 1, .notes = {}},
                  .limits = {Watts(100), Watts(400), Watts(350)}});
  first.DrawPower(Watts(123.5));
  first.SetTemperature(Celsius(61));
  const std::string text = Written(std::array<Gpu*, 2>{&first, &second});
  const std::string labels = "{gpu=\"0\",uuid=\"GPU-fake-0\",name=\"Fake GPU\"}";
  EXPECT_THAT(text, HasSubstr("# TYPE zeus_gpu_energy_joules_total counter\nzeus_gpu_energy_joules_total" + labels));
  EXPECT_THAT(text, HasSubstr("zeus_gpu_power_watts" + labels + " 123.5\n"));
  EXPECT_THAT(text, HasSubstr("zeus_gpu_temperature_celsius" + labels + " 61\n"));
  EXPECT_THAT(text, HasSubstr("zeus_gpu_power_limit_watts" + labels + " 250\n"));
  EXPECT_THAT(text, HasSubstr("zeus_gpu_power_limit_minimum_watts" + labels + " 100\n"));
  EXPECT_THAT(text, HasSubstr("zeus_gpu_graphics_clock_hertz" + labels + " 1500000000\n"));
  EXPECT_THAT(
      text, HasSubstr("zeus_gpu_power_limit_maximum_watts{gpu=\"1\",uuid=\"GPU-b\",name=\"Fake \\\"GPU\\\"\"} 400\n"));
}

TEST(GpuMetricsTest, WhatAGpuLacksHasNoSampleAndTheOthersGoOn) {
  FakeGpu lacking({.lacks = {Capability::kInstantPower, Capability::kEnergyCounter}});
  lacking.DrawPower(Watts(50));
  FakeGpu lost({.info = {.name = "Lost", .uuid = "GPU-lost", .pci_address = "", .index = 1, .notes = {}}});
  lost.FailWith(Error{ErrorCode::kUnavailable, "fallen off the bus"});
  const std::string text = Written(std::array<Gpu*, 2>{&lacking, &lost});
  EXPECT_THAT(text, HasSubstr("zeus_gpu_power_watts{gpu=\"0\",uuid=\"GPU-fake-0\",name=\"Fake GPU\"} 50\n"));
  EXPECT_THAT(text, Not(HasSubstr("zeus_gpu_energy_joules_total{")));
  EXPECT_THAT(text, HasSubstr("zeus_gpu_up{gpu=\"0\",uuid=\"GPU-fake-0\",name=\"Fake GPU\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("zeus_gpu_up{gpu=\"1\",uuid=\"GPU-lost\",name=\"Lost\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("zeus_gpu_power_watts{gpu=\"1\"")));
}

class FixedCpu final : public Cpu {
 public:
  FixedCpu(int index, Result<CpuEnergySample> sample)
      : Cpu({.index = index, .name = "package-" + std::to_string(index), .why_no_dram = {}}),
        sample_(std::move(sample)) {}
  Result<CpuEnergySample> ReadEnergy() override { return sample_; }

 private:
  Result<CpuEnergySample> sample_;
};

TEST(CpuMetricsTest, CountersOfPackagesAndTheirMemory) {
  FixedCpu with(0, CpuEnergySample{.package = Joules(12.5), .dram = Joules(3), .time = {}});
  FixedCpu without(1, CpuEnergySample{.package = Joules(7), .dram = std::nullopt, .time = {}});
  FixedCpu hidden(2, Fail(ErrorCode::kPermissionDenied, "root alone may read it"));
  http::MetricsText metrics;
  WriteCpuMetrics(std::array<Cpu*, 3>{&with, &without, &hidden}, metrics);
  EXPECT_EQ(metrics.Take(),
            "# HELP zeus_cpu_up Whether the processor's energy could be read.\n"
            "# TYPE zeus_cpu_up gauge\n"
            "zeus_cpu_up{cpu=\"0\",name=\"package-0\"} 1\n"
            "zeus_cpu_up{cpu=\"1\",name=\"package-1\"} 1\n"
            "zeus_cpu_up{cpu=\"2\",name=\"package-2\"} 0\n"
            "# HELP zeus_cpu_energy_joules_total Energy of the processor package since some moment before the program "
            "began.\n"
            "# TYPE zeus_cpu_energy_joules_total counter\n"
            "zeus_cpu_energy_joules_total{cpu=\"0\",name=\"package-0\"} 12.5\n"
            "zeus_cpu_energy_joules_total{cpu=\"1\",name=\"package-1\"} 7\n"
            "# HELP zeus_dram_energy_joules_total Energy of the memory that belongs to the processor.\n"
            "# TYPE zeus_dram_energy_joules_total counter\n"
            "zeus_dram_energy_joules_total{cpu=\"0\",name=\"package-0\"} 3\n");
}

}  // namespace
}  // namespace zeus
