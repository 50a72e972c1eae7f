#include "zeus/monitor/energy_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/manual_clock.h"
#include "tests/support/powercap/powercap_tree.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/fake/fake_gpu.h"
#include "zeus/device/powercap/list_cpus.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;
using ::zeus::testing::PowercapTree;

FakeGpu::Options GpuNumber(int index, std::vector<Capability> lacks = {}) {
  FakeGpu::Options options;
  options.info.index = index;
  options.info.name = "Fake GPU";
  options.lacks = std::move(lacks);
  return options;
}

/// Two GPUs with a counter, one that is sampled (each hour: at the edges of windows only), one with nothing.
class EnergyMonitorTest : public ::testing::Test {
 protected:
  EnergyMonitorOptions Options() {
    return {.sampling_period = Seconds(3600), .clock = clock_, .wall_clock = [this] { return wall_; }};
  }
  std::unique_ptr<EnergyMonitor> Create(EnergyMonitorOptions options) {
    return EnergyMonitor::Create(gpus_, {}, std::move(options)).value();
  }

  ManualClock clock_;
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
  FakeGpu first_{GpuNumber(0), clock_};
  FakeGpu second_{GpuNumber(1), clock_};
  FakeGpu sampled_{GpuNumber(2, {Capability::kEnergyCounter}), clock_};
  FakeGpu blind_{GpuNumber(3, {Capability::kEnergyCounter, Capability::kInstantPower, Capability::kAveragePower}),
                 clock_};
  std::vector<Gpu*> gpus_{&first_, &second_};
};

TEST_F(EnergyMonitorTest, WindowsNestAndOverlap) {
  const auto monitor = Create(Options());
  first_.DrawPower(Watts(100));
  second_.DrawPower(Watts(200));
  ASSERT_THAT(monitor->BeginWindow("outer"), IsOk());
  clock_.Advance(Seconds(1));
  ASSERT_THAT(monitor->BeginWindow("inner"), IsOk());
  clock_.Advance(Seconds(2));
  ASSERT_THAT(monitor->BeginWindow("overlapping"), IsOk());
  const Measurement inner = monitor->EndWindow("inner").value();
  clock_.Advance(Seconds(4));
  const Measurement outer = monitor->EndWindow("outer").value();
  clock_.Advance(Seconds(8));
  const Measurement overlapping = monitor->EndWindow("overlapping").value();
  EXPECT_DOUBLE_EQ(inner.duration.value(), 2);
  EXPECT_NEAR(inner.gpus[0]->energy.value(), 200, 1e-6);
  EXPECT_NEAR(inner.gpus[1]->energy.value(), 400, 1e-6);
  EXPECT_NEAR(inner.TotalEnergy().value(), 600, 1e-6);
  EXPECT_NEAR(outer.TotalEnergy().value(), 7 * 300, 1e-6);
  EXPECT_NEAR(overlapping.TotalEnergy().value(), 12 * 300, 1e-6);
  EXPECT_EQ(inner.gpus[0]->provenance, EnergyProvenance::kMeasured);
  EXPECT_FALSE(inner.gpus[0]->too_short);
  EXPECT_EQ(outer.start, wall_);
  EXPECT_THAT(outer.Missing(), IsEmpty());
}

TEST_F(EnergyMonitorTest, OpenedTwice) {
  const auto monitor = Create(Options());
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  EXPECT_THAT(monitor->BeginWindow("epoch"), IsError(ErrorCode::kInvalidArgument, "window \"epoch\" is open already"));
  clock_.Advance(Seconds(5));
  ASSERT_THAT(monitor->BeginWindow("epoch", IfOpen::kRestart), IsOk());
  clock_.Advance(Seconds(1));
  EXPECT_DOUBLE_EQ(monitor->EndWindow("epoch")->duration.value(), 1);
  // And anew.
  EXPECT_THAT(monitor->BeginWindow("epoch", IfOpen::kRestart), IsOk());
}

TEST_F(EnergyMonitorTest, NeverOpened) {
  const auto monitor = Create(Options());
  EXPECT_THAT(monitor->EndWindow("epoch"), IsError(ErrorCode::kNotFound, "window \"epoch\" is not open"));
  EXPECT_THAT(monitor->CancelWindow("epoch"), IsError(ErrorCode::kNotFound, "window \"epoch\" is not open"));
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  EXPECT_THAT(monitor->CancelWindow("epoch"), IsOk());
  EXPECT_THAT(monitor->EndWindow("epoch"), IsError(ErrorCode::kNotFound, "\"epoch\""));
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  monitor->CancelAllWindows();
  EXPECT_THAT(monitor->EndWindow("epoch"), IsError(ErrorCode::kNotFound, "\"epoch\""));
}

TEST_F(EnergyMonitorTest, AWallClockThatJumpsChangesNoDuration) {
  const auto monitor = Create(Options());
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  const WallTime start = wall_;
  clock_.Advance(Seconds(3));
  wall_ -= std::chrono::hours(24);
  const Measurement measurement = monitor->EndWindow("epoch").value();
  EXPECT_EQ(measurement.start, start);
  EXPECT_DOUBLE_EQ(measurement.duration.value(), 3);
}

TEST_F(EnergyMonitorTest, AWindowTooShortForTheCounterSaysSo) {
  const auto monitor = Create(Options());
  ASSERT_THAT(monitor->BeginWindow("step"), IsOk());
  clock_.Advance(Seconds(0.29));
  EXPECT_TRUE(monitor->EndWindow("step")->gpus[0]->too_short) << "fewer than three steps of 0.1 s";
  ASSERT_THAT(monitor->BeginWindow("step"), IsOk());
  clock_.Advance(Seconds(0.31));
  EXPECT_FALSE(monitor->EndWindow("step")->gpus[0]->too_short);
  first_.DrawPower(Watts(0));
  ASSERT_THAT(monitor->BeginWindow("step"), IsOk());
  clock_.Advance(Seconds(10));
  EXPECT_TRUE(monitor->EndWindow("step")->gpus[0]->too_short) << "it did not step";
}

TEST_F(EnergyMonitorTest, AWindowWithoutAStepIsEstimatedWhenAskedTo) {
  EnergyMonitorOptions options = Options();
  options.short_windows = ShortWindows::kEstimate;
  const auto monitor = Create(std::move(options));
  first_.DrawPower(Watts(0));
  ASSERT_THAT(monitor->BeginWindow("step"), IsOk());
  clock_.Advance(Seconds(0.01));
  first_.DrawPower(Watts(150));
  const Measurement measurement = monitor->EndWindow("step").value();
  EXPECT_NEAR(measurement.gpus[0]->energy.value(), 1.5, 1e-9);
  EXPECT_EQ(measurement.gpus[0]->provenance, EnergyProvenance::kEstimated);
  EXPECT_TRUE(measurement.gpus[0]->too_short);
  EXPECT_EQ(measurement.gpus[1]->provenance, EnergyProvenance::kMeasured);
}

TEST_F(EnergyMonitorTest, AGpuWithoutACounterIsIntegrated) {
  gpus_ = {&first_, &sampled_};
  const auto monitor = Create(Options());
  ASSERT_NE(monitor->sampler(), nullptr);
  sampled_.DrawPower(Watts(100));
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  clock_.Advance(Seconds(10));
  sampled_.DrawPower(Watts(200));
  const Measurement measurement = monitor->EndWindow("epoch").value();
  EXPECT_NEAR(measurement.gpus[1]->energy.value(), 1500, 1e-6) << "samples at both edges";
  EXPECT_EQ(measurement.gpus[1]->provenance, EnergyProvenance::kIntegrated);
  EXPECT_TRUE(measurement.gpus[1]->too_short) << "the sampler's period is an hour";
}

TEST_F(EnergyMonitorTest, WhatNobodySampledIsEstimated) {
  gpus_ = {&sampled_};
  const auto monitor = Create(Options());
  sampled_.DrawPower(Watts(100));
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  clock_.Advance(Seconds(4 * 3600));
  const Measurement measurement = monitor->EndWindow("epoch").value();
  EXPECT_NEAR(measurement.gpus[0]->energy.value(), 4 * 3600 * 100, 1e-3);
  EXPECT_EQ(measurement.gpus[0]->provenance, EnergyProvenance::kEstimated);
}

TEST_F(EnergyMonitorTest, AGpuWithNeitherCounterNorSensorIsMissing) {
  gpus_ = {&first_, &blind_};
  const auto monitor = Create(Options());
  EXPECT_EQ(monitor->sampler(), nullptr);
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  clock_.Advance(Seconds(1));
  const Measurement measurement = monitor->EndWindow("epoch").value();
  EXPECT_THAT(measurement.gpus[0], IsOk());
  EXPECT_THAT(measurement.gpus[1], IsError(ErrorCode::kFailedPrecondition, "GPU 3 (Fake GPU) has no power sensor"));
}

TEST_F(EnergyMonitorTest, AGpuLostWithinAWindowIsMissingAndTheOthersGoOn) {
  const auto monitor = Create(Options());
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  clock_.Advance(Seconds(1));
  second_.FailWith(Error{ErrorCode::kUnavailable, "GPU 1 (Fake GPU): energy: GPU is lost"});
  ASSERT_THAT(monitor->BeginWindow("next"), IsOk()) << "the others can be measured";
  Measurement measurement = monitor->EndWindow("epoch").value();
  EXPECT_NEAR(measurement.gpus[0]->energy.value(), 50, 1e-6);
  EXPECT_THAT(measurement.Missing(), ElementsAre("GPU 1 (Fake GPU): energy: GPU is lost (when the window closed)"));
  EXPECT_NEAR(measurement.TotalEnergy().value(), 50, 1e-6);
  second_.FailWith(std::nullopt);
  clock_.Advance(Seconds(1));
  measurement = monitor->EndWindow("next").value();
  EXPECT_THAT(measurement.Missing(), ElementsAre("GPU 1 (Fake GPU): energy: GPU is lost (when the window opened)"));
}

TEST_F(EnergyMonitorTest, TheDevicesAreWaitedForUnlessAskedNotTo) {
  int waits = 0;
  Result<void> answer;
  EnergyMonitorOptions options = Options();
  options.wait_for_devices = [&] {
    ++waits;
    return answer;
  };
  const auto monitor = Create(std::move(options));
  ASSERT_THAT(monitor->BeginWindow("a"), IsOk());
  ASSERT_THAT(monitor->BeginWindow("b", IfOpen::kFail, DeviceWait::kDontWait), IsOk());
  ASSERT_THAT(monitor->EndWindow("b", DeviceWait::kDontWait), IsOk());
  EXPECT_EQ(waits, 1);
  // A kernel that failed: the window stays open, to be cancelled.
  answer = Fail(ErrorCode::kUnavailable, "CUDA: cuCtxSynchronize failed with error 700");
  EXPECT_THAT(monitor->EndWindow("a"), IsError(ErrorCode::kUnavailable, "error 700"));
  EXPECT_THAT(monitor->BeginWindow("c"), IsError(ErrorCode::kUnavailable, "error 700"));
  EXPECT_THAT(monitor->EndWindow("c"), IsError(ErrorCode::kNotFound, "\"c\""));
  EXPECT_THAT(monitor->CancelWindow("a"), IsOk());
  EXPECT_EQ(waits, 3);
}

TEST_F(EnergyMonitorTest, WithoutDevicesItMeasuresTime) {
  const auto monitor = EnergyMonitor::Create({}, {}, Options()).value();
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  clock_.Advance(Seconds(2));
  const Measurement measurement = monitor->EndWindow("epoch").value();
  EXPECT_DOUBLE_EQ(measurement.duration.value(), 2);
  EXPECT_EQ(measurement.TotalEnergy(), Joules(0));
}

TEST_F(EnergyMonitorTest, BadArguments) {
  EnergyMonitorOptions options = Options();
  options.counter_period = Seconds(0);
  EXPECT_THAT(EnergyMonitor::Create(gpus_, {}, options),
              IsError(ErrorCode::kInvalidArgument, "counter period: expected a time above 0 s, found 0 s"));
  EnergyMonitorOptions backwards = Options();
  backwards.sampling_period = Seconds(-1);
  EXPECT_THAT(EnergyMonitor::Create(gpus_, {}, backwards),
              IsError(ErrorCode::kInvalidArgument, "sampling period: expected a time above 0 s, found -1 s"));
  gpus_ = {&first_, nullptr};
  EXPECT_THAT(EnergyMonitor::Create(gpus_, {}, Options()),
              IsError(ErrorCode::kInvalidArgument, "GPU 1 is a null pointer"));
  const std::vector<Cpu*> cpus{nullptr};
  EXPECT_THAT(EnergyMonitor::Create({}, cpus, Options()),
              IsError(ErrorCode::kInvalidArgument, "CPU 0 is a null pointer"));
}

/// A GPU whose counter falls when told to.
class ResettingGpu final : public Gpu {
 public:
  ResettingGpu() : Gpu({.vendor = GpuVendor::kFake, .name = "Resetting GPU", .uuid = "", .pci_address = ""}, {}) {}
  Result<PowerSample> ReadPower(PowerSensor) override { return Fail(ErrorCode::kFailedPrecondition, "none"); }
  Result<EnergySample> ReadEnergy() override {
    const EnergyCounter::Reading reading = counter_.Advance(raw);
    return EnergySample{Joules(static_cast<double>(reading.total)), {}, reading.step};
  }
  Result<Celsius> ReadTemperature() override { return Fail(ErrorCode::kFailedPrecondition, "none"); }
  Result<GpuStatus> ReadStatus() override { return GpuStatus{}; }
  Result<std::vector<GpuProcess>> ReadProcesses() override { return std::vector<GpuProcess>{}; }
  GpuSettings& settings() override { std::abort(); }

  uint64_t raw = 1000;

 private:
  EnergyCounter counter_;
};

TEST_F(EnergyMonitorTest, AResetWithinAWindowMakesAnEstimateWhicheverWindowSeesIt) {
  ResettingGpu gpu;
  gpus_ = {&gpu};
  const auto monitor = Create(Options());
  ASSERT_THAT(monitor->BeginWindow("outer"), IsOk());
  clock_.Advance(Seconds(1));
  gpu.raw = 7;
  ASSERT_THAT(monitor->BeginWindow("inner"), IsOk());
  clock_.Advance(Seconds(1));
  gpu.raw = 10;
  EXPECT_EQ(monitor->EndWindow("inner")->gpus[0]->provenance, EnergyProvenance::kMeasured);
  const Measurement outer = monitor->EndWindow("outer").value();
  EXPECT_EQ(outer.gpus[0]->provenance, EnergyProvenance::kEstimated);
  EXPECT_EQ(outer.gpus[0]->energy, Joules(10));
}

class CpuEnergyTest : public ::testing::Test {
 protected:
  std::unique_ptr<EnergyMonitor> Create() {
    std::vector<Cpu*> cpus;
    for (const auto& cpu : list_.cpus) cpus.push_back(cpu.get());
    return EnergyMonitor::Create({}, cpus, {.clock = clock_}).value();
  }

  ManualClock clock_;
  PowercapTree tree_{"one_socket_dram"};
  CpuList list_ = ListCpus(tree_.root()).value();
};

TEST_F(CpuEnergyTest, PackageAndDram) {
  tree_.SetEnergy("intel-rapl:0", 1'000'000);
  tree_.SetEnergy("intel-rapl:0:0", 1'000'000);
  const auto monitor = Create();
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  tree_.SetEnergy("intel-rapl:0", 31'000'000);
  tree_.SetEnergy("intel-rapl:0:0", 5'000'000);
  clock_.Advance(Seconds(1));
  const Measurement measurement = monitor->EndWindow("epoch").value();
  ASSERT_EQ(measurement.cpus.size(), 1U);
  EXPECT_NEAR(measurement.CpuEnergy().value(), 30, 1e-6);
  EXPECT_NEAR(measurement.DramEnergy().value(), 4, 1e-6);
  EXPECT_EQ(measurement.TotalEnergy(), Joules(0)) << "of GPUs alone";
  EXPECT_FALSE(measurement.cpus[0].package->too_short);
}

TEST_F(CpuEnergyTest, ACounterThatCannotBeReadIsMissingOnce) {
  const auto monitor = Create();
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  tree_.Write("intel-rapl:0", "energy_uj", "text\n");
  const Measurement measurement = monitor->EndWindow("epoch").value();
  EXPECT_THAT(measurement.cpus[0].package, IsError(ErrorCode::kInvalidData, "energy_uj"));
  ASSERT_TRUE(measurement.cpus[0].dram.has_value());
  EXPECT_EQ(measurement.Missing().size(), 1U);
}

}  // namespace
}  // namespace zeus
