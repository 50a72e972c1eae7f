#include "zeus/device/powercap/powercap_cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/support/powercap/powercap_tree.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/powercap/list_cpus.h"

namespace zeus {
namespace {

using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;
using ::zeus::testing::PowercapTree;
using ::zeus::testing::TemporaryFolder;

constexpr uint64_t kPackageRange = 262143328850;
constexpr uint64_t kDramRange = 65712999613;

class PowercapCpuTest : public ::testing::Test {
 protected:
  PowercapTree tree_{"one_socket_dram"};
  CpuList list_ = ListCpus(tree_.root()).value();
  Cpu& cpu_ = *list_.cpus.at(0);
};

TEST_F(PowercapCpuTest, CountsOn) {
  const Joules first = cpu_.ReadEnergy().value().package;
  tree_.SetEnergy("intel-rapl:0", 148238617455 + 2'500'000);
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuEnergySample sample, cpu_.ReadEnergy());
  EXPECT_NEAR((sample.package - first).value(), 2.5, 1e-9);
  EXPECT_EQ(sample.package_step, CounterStep::kAdvanced);
}

TEST_F(PowercapCpuTest, CountsOnWhenACounterTurns) {
  tree_.SetEnergy("intel-rapl:0", kPackageRange - 1'000'000);
  tree_.SetEnergy("intel-rapl:0:0", kDramRange);
  const CpuEnergySample before = cpu_.ReadEnergy().value();
  tree_.SetEnergy("intel-rapl:0", 499'999);
  tree_.SetEnergy("intel-rapl:0:0", 0);
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuEnergySample sample, cpu_.ReadEnergy());
  EXPECT_NEAR((sample.package - before.package).value(), 1.5, 1e-6);
  EXPECT_EQ(sample.package_step, CounterStep::kWrapped);
  EXPECT_NEAR((*sample.dram - *before.dram).value(), 1e-6, 1e-7);
}

TEST_F(PowercapCpuTest, CountsOnThroughManyTurns) {
  const double first = cpu_.ReadEnergy().value().package.value();
  double expected = first;
  uint64_t raw = 148238617455;
  for (int i = 0; i < 100; ++i) {
    constexpr uint64_t kStep = 100'000'000'000;
    raw = (raw + kStep) % (kPackageRange + 1);
    expected += kStep * 1e-6;
    tree_.SetEnergy("intel-rapl:0", raw);
    ASSERT_NEAR(cpu_.ReadEnergy().value().package.value(), expected, 1e-3);
  }
}

TEST_F(PowercapCpuTest, StampsTheTime) {
  const Time before = Clock::System().Now();
  const Time time = cpu_.ReadEnergy().value().time;
  EXPECT_GE(time, before);
  EXPECT_LE(time, Clock::System().Now());
}

TEST_F(PowercapCpuTest, MoreThanTheLargestValueIsDamage) {
  tree_.SetEnergy("intel-rapl:0", kPackageRange + 1);
  EXPECT_THAT(cpu_.ReadEnergy(),
              IsError(ErrorCode::kInvalidData,
                      "energy_uj: expected at most 262143328850 uJ, the counter's largest value, found 262143328851"));
  // One bad reading leaves the total as it was.
  tree_.SetEnergy("intel-rapl:0", 148238617456);
  EXPECT_NEAR(cpu_.ReadEnergy().value().package.value(), 148238.617456, 1e-6);
}

TEST_F(PowercapCpuTest, DamagedCounters) {
  for (const char* const content : {"text\n", "-1\n", "1e9\n", "999999999999999999999\n", " 1\n"}) {
    tree_.Write("intel-rapl:0", "energy_uj", content);
    EXPECT_THAT(cpu_.ReadEnergy(), IsError(ErrorCode::kInvalidData, "energy_uj: expected a whole number, found \""));
  }
  tree_.Write("intel-rapl:0", "energy_uj", "");
  EXPECT_THAT(cpu_.ReadEnergy(), IsError(ErrorCode::kInvalidData, "energy_uj: expected a whole number, found nothing"));
  tree_.SetEnergy("intel-rapl:0", 148238617455);
  tree_.Write("intel-rapl:0:0", "energy_uj", "text\n");
  EXPECT_THAT(cpu_.ReadEnergy(), IsError(ErrorCode::kInvalidData, "intel-rapl:0:0/energy_uj: expected a whole number"));
}

TEST_F(PowercapCpuTest, ReadsOnWhenManyThreadsDo) {
  std::atomic<bool> stop = false;
  std::jthread other([&] {
    while (!stop) static_cast<void>(cpu_.ReadEnergy());
  });
  Joules last(0);
  for (int i = 0; i < 2000; ++i) {
    const Result<CpuEnergySample> sample = cpu_.ReadEnergy();
    ASSERT_THAT(sample, IsOk());
    ASSERT_GE(sample->package, last);
    last = sample->package;
  }
  stop = true;
}

TEST(CounterFileTest, AFileThatHasVanishedIsOpenedAgain) {
  // A file in proc does as one in sysfs: once its process, or device, is gone, the open descriptor answers an error.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "energy_uj";
  std::filesystem::create_symlink("/proc/" + std::to_string(child) + "/oom_score", file);
  Result<powercap::CounterFile> counter = powercap::CounterFile::Open(file);
  const Result<uint64_t> alive = counter ? counter->Read() : std::unexpected(counter.error());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_THAT(alive, IsOk());
  EXPECT_THAT(counter->Read(), IsError(ErrorCode::kUnavailable, "energy_uj: No such file or directory"));
  std::filesystem::remove(file);
  static_cast<void>(folder.Write("energy_uj", "12345\n"));
  EXPECT_EQ(counter->Read().value(), 12345U);
}

TEST(CounterFileTest, AFileThatWasReplacedByAnother) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.Write("energy_uj", "1\n");
  Result<powercap::CounterFile> counter = powercap::CounterFile::Open(file);
  ASSERT_THAT(counter, IsOk());
  static_cast<void>(folder.Write("energy_uj", ""));
  std::filesystem::remove(file);
  EXPECT_THAT(counter->Read(), IsError(ErrorCode::kUnavailable, "energy_uj: No such file or directory"));
  static_cast<void>(folder.Write("energy_uj", "2\n"));
  EXPECT_EQ(counter->Read().value(), 2U);
}

TEST(CounterFileTest, NumbersWithAndWithoutALineEnd) {
  const TemporaryFolder folder;
  EXPECT_EQ(powercap::ReadNumberFile(folder.Write("a", "7")).value(), 7U);
  EXPECT_EQ(powercap::ReadNumberFile(folder.Write("a", "18446744073709551615\n")).value(), UINT64_MAX);
  EXPECT_THAT(powercap::ReadNumberFile(folder.path()),
              IsError(ErrorCode::kInvalidData, ": expected a file, found a folder"));
}

}  // namespace
}  // namespace zeus
