#include "zeus/device/powercap/wrap_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include "tests/support/powercap/powercap_tree.h"
#include "tests/support/print_quantities.h"
#include "zeus/device/powercap/list_cpus.h"

namespace zeus {
namespace {

using ::zeus::testing::PowercapTree;

/// Counts its readings; the third opens the latch.
class CountingCpu final : public Cpu {
 public:
  CountingCpu() : Cpu(CpuInfo{.index = 0, .name = "package-0", .why_no_dram = "none"}) {}

  Result<CpuEnergySample> ReadEnergy() override {
    if (++readings == 3) third.count_down();
    if (fails) return Fail(ErrorCode::kUnavailable, "gone");
    return CpuEnergySample{};
  }

  std::atomic<int> readings = 0;
  std::atomic<bool> fails = false;
  std::latch third{1};
};

TEST(WrapWatchTest, ReadsEveryCpuAgainAndAgain) {
  CountingCpu one;
  CountingCpu other;
  const WrapWatch watch({&one, &other}, Seconds(0.002));
  one.third.wait();
  other.third.wait();
}

TEST(WrapWatchTest, EndsAtOnceHoweverLongThePause) {
  CountingCpu cpu;
  const auto start = std::chrono::steady_clock::now();
  {
    const WrapWatch watch({&cpu}, Seconds(1e9));
    while (cpu.readings == 0) std::this_thread::yield();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(cpu.readings, 1);
}

TEST(WrapWatchTest, NoPauseAtAllDoesNotTakeACore) {
  CountingCpu cpu;
  {
    const WrapWatch watch({&cpu}, Seconds(0));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_LT(cpu.readings, 50);
}

TEST(WrapWatchTest, TellsOfErrorsAndGoesOn) {
  CountingCpu bad;
  CountingCpu good;
  bad.fails = true;
  std::atomic<int> told = 0;
  {
    const WrapWatch watch({&bad, &good}, Seconds(0.002), [&](const Cpu& cpu, const Error& error) {
      EXPECT_EQ(&cpu, &bad);
      EXPECT_EQ(error.message, "gone");
      ++told;
    });
    good.third.wait();
  }
  EXPECT_GE(told, 3);
}

/// Lets a test wait until somebody has read.
class ObservedCpu final : public Cpu {
 public:
  explicit ObservedCpu(Cpu& cpu) : Cpu(cpu.info()), cpu_(cpu) {}

  Result<CpuEnergySample> ReadEnergy() override {
    Result<CpuEnergySample> sample = cpu_.ReadEnergy();
    ++readings_;
    readings_.notify_all();
    return sample;
  }

  /// Until a reading has begun and ended since.
  void AwaitReading() const {
    const int before = readings_;
    for (int now = before; now < before + 2; now = readings_) readings_.wait(now);
  }

 private:
  Cpu& cpu_;
  std::atomic<int> readings_ = 0;
};

TEST(WrapWatchTest, SeesTurnsThatNobodyElseReads) {
  const PowercapTree tree("one_socket");
  const CpuList list = ListCpus(tree.root()).value();
  Cpu& cpu = *list.cpus.at(0);
  const Joules before = cpu.ReadEnergy().value().package;
  {
    ObservedCpu observed(cpu);
    const WrapWatch watch({&observed}, Seconds(0.002));
    // Around twice. The file is empty for a moment each time, which is an error that comes and goes.
    for (const char* const energy : {"65000000000\n", "1000000\n", "65000000000\n", "2000000\n"}) {
      tree.Write("intel-rapl:0", "energy_uj", energy);
      observed.AwaitReading();
    }
  }
  const Joules after = cpu.ReadEnergy().value().package;
  const double expected = (65532.610987 - 52087.420951) + 65532.610987 + 2;
  EXPECT_NEAR((after - before).value(), expected, 1e-3);
}

}  // namespace
}  // namespace zeus
