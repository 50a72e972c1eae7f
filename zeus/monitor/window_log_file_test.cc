#include "zeus/monitor/window_log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/text_file.h"
#include "zeus/device/fake/fake_gpu.h"
#include "zeus/monitor/window_log_replay.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;
using ::zeus::testing::TemporaryFolder;

Measurement Of(std::vector<Result<EnergyFigure>> gpus) {
  return {.start = WallTime(std::chrono::seconds(1000)),
          .begin = {},
          .end = {},
          .duration = Seconds(0.5),
          .gpus = std::move(gpus),
          .cpus = {}};
}

TEST(WindowLogFileTest, RowsAreInTheFileWhenTheyWereAppended) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "made" / "log.csv";
  Result<WindowLogFile> log = WindowLogFile::Create(path, {.gpus = {0, 1}, .cpus = {}, .drams = {}});
  ASSERT_THAT(log, IsOk());
  ASSERT_THAT(log->Append("a,b", Of({EnergyFigure{Joules(1)}, Fail(ErrorCode::kUnavailable, "lost")})), IsOk());
  EXPECT_EQ(ReadFile(path).value(),
            "start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy\n1000.0,\"a,b\",0.5,1.0,\n");
}

TEST(WindowLogFileTest, OfAMonitor) {
  FakeGpu gpu(FakeGpu::Options{});
  const std::vector<Gpu*> gpus{&gpu};
  const auto monitor = EnergyMonitor::Create(gpus, {}).value();
  const TemporaryFolder folder;
  Result<WindowLogFile> log =
      WindowLogFile::Create(folder.path() / "log.csv", ColumnsOf(*monitor, WindowLogDetail::kProvenances));
  ASSERT_THAT(log, IsOk());
  ASSERT_THAT(monitor->BeginWindow("epoch"), IsOk());
  const Measurement measurement = monitor->EndWindow("epoch").value();
  ASSERT_THAT(log->Append("epoch", measurement), IsOk());
  // And back: the same figures.
  Result<WindowLogReplay> replay = WindowLogReplay::Open(folder.path() / "log.csv");
  ASSERT_THAT(replay, IsOk());
  ASSERT_THAT(replay->BeginWindow("epoch"), IsOk());
  const Result<Measurement> replayed = replay->EndWindow("epoch");
  ASSERT_THAT(replayed, IsOk());
  EXPECT_EQ(replayed->duration, measurement.duration);
  EXPECT_EQ(replayed->gpus[0]->energy, measurement.gpus[0]->energy);
  EXPECT_EQ(replayed->gpus[0]->provenance, EnergyProvenance::kMeasured);
  EXPECT_LT(std::chrono::abs(replayed->start - measurement.start), std::chrono::microseconds(2));
}

TEST(WindowLogFileTest, AFullDiskIsAnErrorThatNamesTheFile) {
  EXPECT_THAT(WindowLogFile::Create("/dev/full", {.gpus = {0}, .cpus = {}, .drams = {}}),
              IsError(ErrorCode::kUnavailable, "/dev/full: cannot be written: No space left on device"));
}

TEST(WindowLogFileTest, ARowThatOnlyFitsInPartIsTakenBack) {
  // A file size limit stands for the disk's end: it lets a part of a write through, as a full disk does.
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "log.csv";
  Result<WindowLogFile> log = WindowLogFile::Create(path, {.gpus = {0}, .cpus = {}, .drams = {}});
  ASSERT_THAT(log, IsOk());
  ASSERT_THAT(log->Append("fits", Of({EnergyFigure{Joules(1)}})), IsOk());
  const std::string before = ReadFile(path).value();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit tight = limit;
  tight.rlim_cur = before.size() + 10;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const Result<void> appended = log->Append("does not fit", Of({EnergyFigure{Joules(2)}}));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_THAT(appended, IsError(ErrorCode::kUnavailable, path.string() + ": cannot be written: File too large"));
  EXPECT_EQ(ReadFile(path).value(), before);
  // When there is room again, it goes on.
  EXPECT_THAT(log->Append("fits", Of({EnergyFigure{Joules(3)}})), IsOk());
  EXPECT_THAT(WindowLogReplay::Open(path), IsOk());
}

TEST(WindowLogFileTest, WhereItCannotBe) {
  EXPECT_THAT(WindowLogFile::Create("/proc/no/log.csv", {}),
              IsError(ErrorCode::kNotFound, "/proc/no/log.csv: cannot be written: "));
  const TemporaryFolder folder;
  EXPECT_THAT(WindowLogFile::Create(folder.path(), {}), IsError(ErrorCode::kUnavailable, "Is a directory"));
}

TEST(WindowLogFileTest, OtherDevicesThanTheColumns) {
  const TemporaryFolder folder;
  Result<WindowLogFile> log = WindowLogFile::Create(folder.path() / "log", {.gpus = {0, 1}, .cpus = {}, .drams = {}});
  EXPECT_THAT(log->Append("a", Of({EnergyFigure{Joules(1)}})),
              IsError(ErrorCode::kInvalidArgument, "the log has 2 columns of GPU energy, the measurement 1"));
}

TEST(WindowLogFileTest, RowsOfManyThreadsStayWhole) {
  const TemporaryFolder folder;
  Result<WindowLogFile> log = WindowLogFile::Create(folder.path() / "log", {.gpus = {0}, .cpus = {}, .drams = {}});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int j = 0; j < 100; ++j) {
          EXPECT_THAT(log->Append(std::string(50, static_cast<char>('a' + i)), Of({EnergyFigure{Joules(i)}})), IsOk());
        }
      });
    }
  }
  EXPECT_EQ(WindowLogReplay::Open(folder.path() / "log")->rows_left(), 400U);
}

class WindowLogReplayTest : public ::testing::Test {
 protected:
  // As the published package writes it.
  static constexpr std::string_view kLog =
      "start_time,window_name,elapsed_time,gpu0_energy,gpu3_energy\n"
      "1700000000.5,step,0.25,10.5,20.0\n"
      "1700000000.25,epoch,1.5,100.0,200.0\n";

  static WindowLogReplay Replay(NameMatch match = NameMatch::kRequired) {
    return WindowLogReplay::FromText(kLog, "log.csv", match).value();
  }
};

TEST_F(WindowLogReplayTest, WindowsAreTheLogsRows) {
  WindowLogReplay replay = Replay();
  EXPECT_THAT(replay.columns().gpus, ::testing::ElementsAre(0, 3));
  ASSERT_THAT(replay.BeginWindow("epoch"), IsOk());
  ASSERT_THAT(replay.BeginWindow("step"), IsOk());
  const Measurement step = replay.EndWindow("step").value();
  EXPECT_EQ(step.duration, Seconds(0.25));
  EXPECT_EQ(step.end - step.begin, std::chrono::milliseconds(250));
  EXPECT_EQ(step.gpus[1]->energy, Joules(20));
  EXPECT_EQ(step.TotalEnergy(), Joules(30.5));
  EXPECT_EQ(step.start, WallTime(std::chrono::milliseconds(1'700'000'000'500)));
  EXPECT_EQ(replay.EndWindow("epoch")->TotalEnergy(), Joules(300));
  ASSERT_THAT(replay.BeginWindow("step"), IsOk());
  EXPECT_THAT(replay.EndWindow("step"), IsError(ErrorCode::kFailedPrecondition,
                                                "log.csv: window \"step\" is closed, but the log has no more rows"));
}

TEST_F(WindowLogReplayTest, AnotherWindowThanTheLogs) {
  WindowLogReplay replay = Replay();
  ASSERT_THAT(replay.BeginWindow("epoch"), IsOk());
  EXPECT_THAT(
      replay.EndWindow("epoch"),
      IsError(ErrorCode::kFailedPrecondition, "log.csv:2: window \"epoch\" is closed, but the log has \"step\" next"));
  WindowLogReplay any = Replay(NameMatch::kIgnored);
  ASSERT_THAT(any.BeginWindow("epoch"), IsOk());
  EXPECT_EQ(any.EndWindow("epoch")->duration, Seconds(0.25));
}

TEST_F(WindowLogReplayTest, OpenedTwiceNeverOrCancelled) {
  WindowLogReplay replay = Replay();
  ASSERT_THAT(replay.BeginWindow("step"), IsOk());
  EXPECT_THAT(replay.BeginWindow("step"), IsError(ErrorCode::kInvalidArgument, "window \"step\" is open already"));
  EXPECT_THAT(replay.CancelWindow("step"), IsOk());
  EXPECT_THAT(replay.EndWindow("step"), IsError(ErrorCode::kNotFound, "window \"step\" is not open"));
  EXPECT_THAT(replay.CancelWindow("step"), IsError(ErrorCode::kNotFound, "window \"step\" is not open"));
  EXPECT_EQ(replay.rows_left(), 2U) << "cancelling takes no row";
}

TEST_F(WindowLogReplayTest, ADamagedLog) {
  EXPECT_THAT(WindowLogReplay::FromText(std::string(kLog) + "1700000001.0,step,0.25,oops,1.0\n", "log.csv"),
              IsError(ErrorCode::kInvalidData, "log.csv:4:24: gpu0_energy: expected a number, found \"oops\""));
  EXPECT_THAT(WindowLogReplay::Open("/no/such/log.csv"), IsError(ErrorCode::kNotFound, "/no/such/log.csv"));
}

TEST_F(WindowLogReplayTest, CpusDramAndWhatIsMissing) {
  Result<WindowLogReplay> replay = WindowLogReplay::FromText(
      "start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy,cpu0_energy,cpu1_energy,dram1_energy,gpu0_source,"
      "gpu1_source\n1,a,1,5.0,,6,7,8,integrated,missing\n",
      "log.csv");
  ASSERT_THAT(replay, IsOk());
  ASSERT_THAT(replay->BeginWindow("a"), IsOk());
  const Measurement measurement = replay->EndWindow("a").value();
  EXPECT_EQ(measurement.gpus[0]->provenance, EnergyProvenance::kIntegrated);
  EXPECT_THAT(measurement.gpus[1], IsError(ErrorCode::kUnavailable, "log.csv:2: GPU 1 is missing from this window"));
  EXPECT_EQ(measurement.CpuEnergy(), Joules(13));
  EXPECT_FALSE(measurement.cpus[0].dram.has_value());
  EXPECT_EQ(measurement.DramEnergy(), Joules(8));
}

}  // namespace
}  // namespace zeus
