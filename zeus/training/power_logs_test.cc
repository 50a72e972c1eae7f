#include "zeus/training/power_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/emulated_machine.h"
#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/trace/power_log.h"

namespace zeus {
namespace {

using testing::EmulatedMachine;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

class PowerLogsTest : public ::testing::Test {
 protected:
  [[nodiscard]] PowerLogPath Path() const {
    return [this](size_t gpu) { return folder_.path() / ("gpu" + std::to_string(gpu) + ".log"); };
  }
  [[nodiscard]] std::string Content(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_.path() / name).rdbuf();
    return text.str();
  }
  std::filesystem::path Program(const std::string& script) const {
    const std::filesystem::path path = folder_.Write("monitor", "#!/bin/sh\n" + script);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  const testing::TemporaryFolder folder_;
  EmulatedMachine machine_ = EmulatedMachine::OfGpus("v100x2");
  const std::vector<Gpu*> gpus_{&machine_.gpu(0), &machine_.gpu(1)};
};

TEST_F(PowerLogsTest, AThreadWritesALogOfEachGpu) {
  auto logs = LogPowerOnThread(gpus_, Path());
  ASSERT_THAT(logs, IsOk());
  std::this_thread::sleep_for(std::chrono::milliseconds(350));
  ASSERT_THAT((*logs)->Finish(), IsOk());
  for (size_t gpu = 0; gpu < 2; ++gpu) {
    auto reader = PowerLogReader::Open(Path()(gpu));
    ASSERT_THAT(reader, IsOk());
    int samples = 0;
    while (const auto sample = reader->Next().value()) {
      EXPECT_NEAR(sample->power.value(), 25, 1);  // An idle V100.
      ++samples;
    }
    EXPECT_GE(samples, 4);
    EXPECT_FALSE(reader->has_incomplete_line());
  }
}

TEST_F(PowerLogsTest, ALogThatCannotBeMadeIsNamed) {
  EXPECT_THAT(LogPowerOnThread(gpus_, [](size_t) { return std::filesystem::path("/no/such/folder/log"); }),
              IsError(ErrorCode::kNotFound, "/no/such/folder/log: cannot create"));
}

TEST_F(PowerLogsTest, AFullDiskIsAnError) {
  EXPECT_THAT(LogPowerOnThread({gpus_[0]}, [](size_t) { return std::filesystem::path("/dev/full"); }),
              IsError(ErrorCode::kUnavailable, "/dev/full: cannot write"));
}

TEST_F(PowerLogsTest, ADiskThatFillsUpMeanwhileIsAnErrorOfTheEndAndLinesStayWhole) {
  const auto before_signal = ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{.rlim_cur = 100, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto logs = LogPowerOnThread({gpus_[0]}, Path());
  std::this_thread::sleep_for(std::chrono::milliseconds(350));
  const Result<void> finished = logs ? (*logs)->Finish() : Result<void>();
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, before_signal);
  ASSERT_THAT(logs, IsOk());
  EXPECT_THAT(finished, IsError(ErrorCode::kUnavailable, "gpu0.log: cannot write: File too large"));
  EXPECT_THAT(Content("gpu0.log"), ::testing::EndsWith("\n"));
  EXPECT_THAT(Content("gpu0.log"), HasSubstr("Time,Power\n"));
}

TEST_F(PowerLogsTest, AMonitorOfOnesOwnHasTheOriginalsCommandLineAndIsInterrupted) {
  const auto monitor = Program(
      "trap 'echo ended >> \"$1\"; exit 0' INT\necho \"$2 $3 $4\" > \"$1\"\n"
      "while :; do sleep 0.01; done\n");
  auto logs = LogPowerWithMonitor(monitor, gpus_, Path());
  ASSERT_THAT(logs, IsOk());
  for (int i = 0; i < 500 && (Content("gpu0.log").empty() || Content("gpu1.log").empty()); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_THAT((*logs)->Finish(), IsOk());
  EXPECT_EQ(Content("gpu0.log"), "0 100 0\nended\n");
  EXPECT_EQ(Content("gpu1.log"), "0 100 1\nended\n");
}

TEST_F(PowerLogsTest, AMonitorThatFailsIsNamed) {
  auto logs = LogPowerWithMonitor(Program("exit 3\n"), {gpus_[1]}, Path());
  ASSERT_THAT(logs, IsOk());
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_THAT((*logs)->Finish(), IsError(ErrorCode::kUnavailable, "monitor (GPU 1): ended with exit code 3"));
}

TEST_F(PowerLogsTest, AMonitorThatCannotBeRun) {
  EXPECT_THAT(LogPowerWithMonitor(folder_.path() / "none", gpus_, Path()),
              IsError(ErrorCode::kNotFound, "none: the power monitor cannot be run: No such file"));
}

}  // namespace
}  // namespace zeus
