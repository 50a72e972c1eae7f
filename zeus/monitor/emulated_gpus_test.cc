// Monitors on emulated GPUs: a counter and an integral of the same load agree, a GPU is lost, threads measure at once.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/emulated_machine.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/monitor/energy_monitor.h"
#include "zeus/monitor/power_sampler.h"
#include "zeus/monitor/sensor_period.h"

/// The emulator's: what a process has begun on a GPU.
struct ZeusEmulatorLoad;

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::zeus::testing::EmulatedMachine;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

void SleepFor(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// Keeps a GPU of the EmulatedMachine busy as long as it lives. The machine must outlive it.
class EmulatedLoad {
 public:
  EmulatedLoad(unsigned gpu, double compute) {
    EXPECT_EQ(Find<int(unsigned, double, double, unsigned long long, ZeusEmulatorLoad**)>("zeusEmulatorBeginLoad")(
                  gpu, compute, 0, 0, &load_),
              0);
  }
  EmulatedLoad(const EmulatedLoad&) = delete;
  EmulatedLoad& operator=(const EmulatedLoad&) = delete;
  ~EmulatedLoad() { Find<int(ZeusEmulatorLoad*)>("zeusEmulatorEndLoad")(load_); }

  void Change(double compute) {
    EXPECT_EQ(Find<int(ZeusEmulatorLoad*, double, double)>("zeusEmulatorChangeLoad")(load_, compute, 0), 0);
  }

 private:
  template <class Function>
  Function* Find(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(library_, name));
  }

  void* const library_ = ::dlopen(ZEUS_EMULATOR_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ZeusEmulatorLoad* load_ = nullptr;
};

std::vector<Gpu*> AllOf(const EmulatedMachine& machine) {
  std::vector<Gpu*> gpus;
  for (size_t i = 0; i < machine.size(); ++i) gpus.push_back(&machine.gpu(i));
  return gpus;
}

// The same card twice: one with its counter, one without, which is therefore sampled.
constexpr const char* kWithAndWithoutCounter = R"(
[[gpu]]
preset = "v100"
[[gpu]]
preset = "v100"
energy_counter = false
)";

class CounterAndIntegral : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(machine_.size(), 2U);
    auto monitor = EnergyMonitor::Create(AllOf(machine_), {}, {.sampling_period = Seconds(0.005)});
    ASSERT_THAT(monitor, IsOk());
    monitor_ = *std::move(monitor);
  }

  /// The integrated GPU's energy over the counted one's, of windows during which both do the same.
  void ExpectAgreement(const Measurement& measurement) {
    ASSERT_THAT(measurement.gpus[0], IsOk());
    ASSERT_THAT(measurement.gpus[1], IsOk());
    EXPECT_EQ(measurement.gpus[0]->provenance, EnergyProvenance::kMeasured);
    EXPECT_EQ(measurement.gpus[1]->provenance, EnergyProvenance::kIntegrated);
    EXPECT_FALSE(measurement.gpus[0]->too_short);
    EXPECT_FALSE(measurement.gpus[1]->too_short);
    const double ratio = measurement.gpus[1]->energy / measurement.gpus[0]->energy;
    RecordProperty("integral_over_counter", std::to_string(ratio));
    EXPECT_NEAR(ratio, 1, 0.03) << measurement.gpus[1]->energy.value() << " J integrated, "
                                << measurement.gpus[0]->energy.value() << " J counted";
  }

  const EmulatedMachine machine_ = EmulatedMachine::OfConfiguration(kWithAndWithoutCounter);
  std::unique_ptr<EnergyMonitor> monitor_;
};

TEST_F(CounterAndIntegral, AgreeOverASteadyLoad) {
  const EmulatedLoad first(0, 0.8);
  const EmulatedLoad second(1, 0.8);
  SleepFor(0.1);
  ASSERT_THAT(monitor_->BeginWindow("steady"), IsOk());
  SleepFor(1.5);
  const Result<Measurement> measurement = monitor_->EndWindow("steady");
  ASSERT_THAT(measurement, IsOk());
  EXPECT_GT(measurement->TotalEnergy(), Joules(2 * 1.5 * 50));
  ExpectAgreement(*measurement);
}

TEST_F(CounterAndIntegral, AgreeOverAChangingLoad) {
  EmulatedLoad first(0, 0.1);
  EmulatedLoad second(1, 0.1);
  SleepFor(0.1);
  ASSERT_THAT(monitor_->BeginWindow("changing"), IsOk());
  for (int i = 0; i < 8; ++i) {
    const double activity = i % 2 == 0 ? 0.9 : 0.1;
    first.Change(activity);
    second.Change(activity);
    SleepFor(0.25);
  }
  const Result<Measurement> measurement = monitor_->EndWindow("changing");
  ASSERT_THAT(measurement, IsOk());
  ExpectAgreement(*measurement);
}

TEST_F(CounterAndIntegral, AnInnerWindowIsPartOfTheOuter) {
  const EmulatedLoad first(0, 0.5);
  ASSERT_THAT(monitor_->BeginWindow("outer"), IsOk());
  SleepFor(0.2);
  ASSERT_THAT(monitor_->BeginWindow("inner"), IsOk());
  SleepFor(0.4);
  const Measurement inner = monitor_->EndWindow("inner").value();
  SleepFor(0.2);
  const Measurement outer = monitor_->EndWindow("outer").value();
  for (size_t gpu = 0; gpu < 2; ++gpu) {
    EXPECT_GT(inner.gpus[gpu]->energy, Joules(0));
    EXPECT_GT(outer.gpus[gpu]->energy, inner.gpus[gpu]->energy);
  }
  EXPECT_GE(outer.duration, inner.duration + Seconds(0.4));
}

TEST(EmulatedPowerSamplerTest, ATimelineShowsALoadComeAndGo) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100x2");
  const auto sampler = PowerSampler::Create(AllOf(machine), {.period = Seconds(0.005)});
  ASSERT_THAT(sampler, IsOk());
  SleepFor(0.3);
  const Time before = Clock::System().Now();
  std::optional<EmulatedLoad> load(std::in_place, 1, 0.9);
  SleepFor(0.3);
  const Time after = Clock::System().Now();
  load.reset();
  SleepFor(0.3);
  load.emplace(1, 0.9);
  SleepFor(0.3);
  load.reset();
  SleepFor(0.3);
  const PowerSummary busy = (*sampler)->Summarize(1, before, after).value();
  const PowerSummary idle = (*sampler)->Summarize(0, before, after).value();
  EXPECT_GT(busy.average(), idle.average() + Watts(80));
  EXPECT_GT((*sampler)->PowerNear(1, after)->power, (*sampler)->PowerNear(1, before)->power + Watts(80));
  const std::vector<PowerTimeline> timelines = (*sampler)->Timelines();
  ASSERT_EQ(timelines.size(), 2U);
  EXPECT_EQ(timelines[1].gpu, 1U);
  // Twice up and down; what the sensor tells in between comes on top where no sample is late.
  EXPECT_GE(timelines[1].runs.size(), 5U);
  // Power that does not change is kept as runs.
  EXPECT_GT((*sampler)->Channel(0).value()->samples(), timelines[0].runs.size());
}

TEST(EmulatedSensorPeriodTest, ThatOfAV100Is20Milliseconds) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100");
  const EmulatedLoad load(0, 0.9);
  const auto counter = InferCounterPeriod(machine.gpu(0));
  ASSERT_THAT(counter, IsOk());
  ASSERT_TRUE(counter->has_value());
  EXPECT_NEAR((*counter)->value(), 0.02, 0.008);
  EXPECT_THAT(InferSensorPeriod(machine.gpu(0), PowerSensor::kInstant), IsOk());
}

constexpr const char* kLosesItsSecondGpu = R"(
[[gpu]]
preset = "v100"
count = 3
[[gpu]]
preset = "p100"
[[fault]]
gpu = 1
error = "gpu_is_lost"
after_seconds = 0.8
[[fault]]
gpu = 3
error = "gpu_is_lost"
after_seconds = 0.8
)";

TEST(LostGpuTest, TheOthersGoOnAndTheResultSaysWhichPartIsMissing) {
  const EmulatedMachine machine = EmulatedMachine::OfConfiguration(kLosesItsSecondGpu);
  ASSERT_EQ(machine.size(), 4U);
  const auto monitor = EnergyMonitor::Create(AllOf(machine), {}, {.sampling_period = Seconds(0.01)});
  ASSERT_THAT(monitor, IsOk());
  const auto sampler = PowerSampler::Create(AllOf(machine), {.period = Seconds(0.01)});
  ASSERT_THAT(sampler, IsOk());
  ASSERT_THAT((*monitor)->BeginWindow("epoch"), IsOk());
  SleepFor(1.0);
  const Time lost_by = Clock::System().Now();
  const Result<Measurement> measurement = (*monitor)->EndWindow("epoch");
  ASSERT_THAT(measurement, IsOk());
  EXPECT_THAT(measurement->gpus[0], IsOk());
  EXPECT_THAT(measurement->gpus[1], IsError(ErrorCode::kUnavailable, "GPU 1 (Tesla V100-PCIE-32GB): energy: "));
  EXPECT_THAT(measurement->gpus[1].error().message, HasSubstr("(when the window closed)"));
  EXPECT_THAT(measurement->gpus[2], IsOk());
  EXPECT_THAT(measurement->gpus[3], IsError(ErrorCode::kUnavailable, "GPU 3 (Tesla P100-PCIE-16GB): power: "));
  EXPECT_THAT(measurement->Missing(), ElementsAre(HasSubstr("GPU 1 "), HasSubstr("GPU 3 ")));
  EXPECT_EQ(measurement->TotalEnergy(), measurement->gpus[0]->energy + measurement->gpus[2]->energy);

  // The sampler marks the GPU that is gone; what it saw before stays, and the others go on.
  SleepFor(0.1);
  EXPECT_THAT((*sampler)->Channel(1).value()->error()->message, HasSubstr("GPU 1 "));
  EXPECT_FALSE((*sampler)->Channel(0).value()->error().has_value());
  EXPECT_GT((*sampler)->Channel(0).value()->Latest()->time, lost_by);
  EXPECT_LT((*sampler)->Channel(1).value()->Latest()->time, lost_by);
  EXPECT_THAT((*sampler)->Summarize(1, measurement->begin, measurement->end), IsOk());
}

TEST(ManyThreadsTest, OpenAndCloseWindowsWhileSampling) {
  const EmulatedMachine machine = EmulatedMachine::OfConfiguration(kWithAndWithoutCounter);
  const auto monitor = EnergyMonitor::Create(AllOf(machine), {}, {.sampling_period = Seconds(0.001)});
  ASSERT_THAT(monitor, IsOk());
  ASSERT_THAT((*monitor)->BeginWindow("all"), IsOk());
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        const std::string own = "thread " + std::to_string(thread);
        for (int i = 0; i < 200; ++i) {
          EXPECT_THAT((*monitor)->BeginWindow(own), IsOk());
          // Whether another thread has this one open is chance; that only one closes it is not.
          const bool began = (*monitor)->BeginWindow("shared").has_value();
          if (i % 10 == 0) static_cast<void>((*monitor)->sampler()->Timelines());
          if (began) {
            EXPECT_THAT((*monitor)->EndWindow("shared"), IsOk());
          }
          if (i % 3 == 0) {
            EXPECT_THAT((*monitor)->BeginWindow(own, IfOpen::kRestart), IsOk());
          }
          if (i % 5 == 0) {
            EXPECT_THAT((*monitor)->CancelWindow(own), IsOk());
            continue;
          }
          const Result<Measurement> measurement = (*monitor)->EndWindow(own);
          ASSERT_THAT(measurement, IsOk());
          for (const Result<EnergyFigure>& gpu : measurement->gpus) {
            ASSERT_THAT(gpu, IsOk());
            EXPECT_GE(gpu->energy, Joules(0));
          }
        }
      });
    }
  }
  const Result<Measurement> all = (*monitor)->EndWindow("all");
  ASSERT_THAT(all, IsOk());
  EXPECT_TRUE(all->Missing().empty());
}

}  // namespace
}  // namespace zeus
