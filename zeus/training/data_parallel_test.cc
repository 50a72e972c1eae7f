// The session on several ranks, each a process, over a real all-reduce.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/support/emulated_machine.h"
#include "tests/support/fake_training_gpus.h"
#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/socket_process_group.h"
#include "zeus/training/local_gpus.h"
#include "zeus/training/training_session.h"

namespace zeus {
namespace {

using testing::FakeTrainingGpus;
using testing::RunRanks;
using testing::SocketProcessGroup;

constexpr int kError = 100;

struct Script {
  std::filesystem::path log_dir;
  double target = 0.75;
  Joules threshold{1e12};
  std::optional<int> rank_that_dies = {};
  bool result_cannot_be_saved = false;
};

/// What a rank does; returns 10 times the reason it ended for, plus the epochs it trained.
int TrainOnRank(SocketProcessGroup& group, const Script& script) {
  FakeTrainingGpus gpus(static_cast<size_t>(group.size()));
  auto session = TrainingSession::Create({.batch_size = 64, .max_epochs = 5},
                                         {.target_metric = script.target,
                                          .log_dir = script.log_dir,
                                          .job_id = "job",
                                          .cost_threshold = script.threshold,
                                          .profile_window = {.warmup = 1, .measure = 2}},
                                         {.gpus = group.rank() == 0 ? &gpus : nullptr, .group = group});
  if (!session) return kError;
  while (true) {
    const Result<NextEpoch> next = (*session)->BeginEpoch();
    if (!next) return kError + static_cast<int>((*session)->epochs());
    if (*next == NextEpoch::kCostThreshold && !(*session)->cost_threshold_exceeded()) return kError;
    if (*next != NextEpoch::kTrain) return 10 * static_cast<int>(*next) + static_cast<int>((*session)->epochs());
    if (!(*session)->BeginTraining(30)) return kError;
    for (int i = 0; i < 30; ++i) {
      if (!(*session)->OnBatch()) return kError;
      gpus.Work(Seconds(0.1));
    }
    if (!(*session)->EndTraining()) return kError;
    // Each rank sees another part of the data: rank 0's metric is what counts.
    const double metric = group.rank() == 0 ? 0.25 * static_cast<double>((*session)->epochs()) : 1.0;
    if (!(*session)->ReportMetric(metric, MetricDirection::kHigherIsBetter)) return kError;
    if ((*session)->epochs() == 2 && script.rank_that_dies == group.rank()) ::raise(SIGKILL);
    if ((*session)->epochs() == 5 && script.result_cannot_be_saved && group.rank() == 0) {
      std::filesystem::remove_all(script.log_dir);
    }
  }
}

class DataParallelTest : public ::testing::TestWithParam<int> {
 protected:
  std::vector<int> Run(Script script) {
    script.log_dir = folder_.path() / "logs";
    return RunRanks(GetParam(), [&](SocketProcessGroup& group) { return TrainOnRank(group, script); });
  }
  [[nodiscard]] std::vector<int> OnEveryRank(NextEpoch reason, int epochs) const {
    return std::vector<int>(static_cast<size_t>(GetParam()), 10 * static_cast<int>(reason) + epochs);
  }

  const testing::TemporaryFolder folder_;
};

TEST_P(DataParallelTest, AllRanksReachTheTargetInTheSameEpoch) {
  EXPECT_EQ(Run({.log_dir = {}, .target = 0.75}), OnEveryRank(NextEpoch::kReached, 3));
  EXPECT_TRUE(ReadRunResult(folder_.path() / "logs/job+bs64.train.json").value().reached);
}

TEST_P(DataParallelTest, AllRanksEndAtTheLastEpoch) {
  EXPECT_EQ(Run({.log_dir = {}, .target = 9}), OnEveryRank(NextEpoch::kMaxEpochs, 5));
}

TEST_P(DataParallelTest, AllRanksEndAtTheCostThreshold) {
  EXPECT_EQ(Run({.log_dir = {}, .target = 9, .threshold = Joules(1)}), OnEveryRank(NextEpoch::kCostThreshold, 1));
}

TEST_P(DataParallelTest, ARankThatDiesEndsTheOthersWithAnError) {
  for (const int dead : {0, GetParam() - 1}) {
    std::vector<int> ended(static_cast<size_t>(GetParam()), kError + 2);
    ended[static_cast<size_t>(dead)] = -1;
    EXPECT_EQ(Run({.log_dir = {}, .rank_that_dies = dead}), ended);
    std::filesystem::remove_all(folder_.path() / "logs");
  }
}

TEST_P(DataParallelTest, WhenTheFirstRankCannotGoOnAllRanksHaveAnError) {
  EXPECT_EQ(Run({.log_dir = {}, .target = 9, .result_cannot_be_saved = true}),
            std::vector<int>(static_cast<size_t>(GetParam()), kError + 5));
}

/// Trains on the emulated GPUs until an error comes; -1 when none does.
int TrainOnEmulatedGpus(SocketProcessGroup& group, const std::filesystem::path& folder) {
  std::unique_ptr<LocalGpus> gpus;
  if (group.rank() == 0) {
    auto opened = LocalGpus::Open({.inventory = {.nvml = ZEUS_EMULATOR_LIBRARY},
                                   .journal_folder = folder / "journal",
                                   .wall_clock = std::chrono::system_clock::now});
    if (!opened) return kError;
    gpus = *std::move(opened);
  }
  auto session = TrainingSession::Create(
      {.batch_size = 64, .max_epochs = 3},
      {.target_metric = 1, .log_dir = folder / "logs", .job_id = "job", .profile_window = {.warmup = 1, .measure = 2}},
      {.gpus = gpus.get(), .group = group});
  if (!session) return kError;
  while (true) {
    const Result<NextEpoch> next = (*session)->BeginEpoch();
    if (!next) return static_cast<int>((*session)->epochs());
    if (*next != NextEpoch::kTrain) return kError;
    if (!(*session)->BeginTraining(30)) return kError;
    for (int i = 0; i < 30; ++i) {
      if (!(*session)->OnBatch()) return kError;
      std::this_thread::sleep_for(std::chrono::milliseconds(25));  // Longer than the counter's step.
      if (group.rank() == 1 && i == 10) ::raise(SIGKILL);
    }
    if (!(*session)->EndTraining()) return kError;
  }
}

TEST(DataParallelOnEmulatedGpusTest, ARankThatDiesLeavesThePowerLimitsAsTheyWere) {
  const testing::TemporaryFolder folder;
  const testing::EmulatedMachine machine = testing::EmulatedMachine::OfGpus("v100x2");
  ASSERT_THAT(machine.gpu(0).settings().SetPowerLimit(Watts(180)), testing::IsOk());
  EXPECT_EQ(RunRanks(2, [&](SocketProcessGroup& group) { return TrainOnEmulatedGpus(group, folder.path()); }),
            (std::vector{1, -1}));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "logs"));
  EXPECT_EQ(machine.gpu(0).settings().ReadPowerLimit().value(), Watts(180));
  EXPECT_EQ(machine.gpu(1).settings().ReadPowerLimit().value(), Watts(250));
}

INSTANTIATE_TEST_SUITE_P(Ranks, DataParallelTest, ::testing::Values(2, 4));

}  // namespace
}  // namespace zeus
