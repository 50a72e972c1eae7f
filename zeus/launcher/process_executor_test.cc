#include "zeus/launcher/process_executor.h"

#include <gmock/gmock.h>

#include <csignal>
#include <limits>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/run_command.h"

namespace zeus {
namespace {

using testing::Content;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

constexpr Joules kUnbounded{std::numeric_limits<double>::infinity()};

// What a session writes at its end; the profile's best limit is 100 W.
constexpr const char* kResult =
    "printf '{\"energy\": 100.5, \"time\": 2.25, \"cost\": 7, \"num_epochs\": 3, \"reached\": true}' "
    "> $ZEUS_LOG_DIR/$ZEUS_JOB_ID+bs$0.train.json; ";
constexpr const char* kMissed =
    "printf '{\"energy\": 100.5, \"time\": 2.25, \"cost\": 7, \"num_epochs\": 3, \"reached\": false}' "
    "> $ZEUS_LOG_DIR/$ZEUS_JOB_ID+bs$0.train.json; ";
constexpr const char* kProfile =
    "printf '{\"job_id\": \"x\", \"train_power\": {\"100000\": 80, \"200000\": 150}, "
    "\"train_throughput\": {\"100000\": 2, \"200000\": 2.5}, \"eval_power\": {}, \"eval_throughput\": {}, "
    "\"optimal_pl\": 100000}' > $ZEUS_LOG_DIR/bs$0.power.json; ";

class ProcessExecutorTest : public ::testing::Test {
 protected:
  // A job whose command is a shell script; its $0 is the batch size.
  ProcessExecutorOptions Options(const std::string& script) {
    return {.job = {.identity = {.workload = {"birds", "tiny", "sgd"},
                                 .target_metric = 0.6,
                                 .max_epochs = 20,
                                 .default_batch_size = 16,
                                 .default_learning_rate = 0.1,
                                 .workdir = folder_.path()},
                    .command = {"bash", "-c", script, "{bs}", "{lr}", "{seed}", "{slice_number}"}},
            .metric = *CostMetric::Create(0.5, Watts(400)),
            .largest_limit = Watts(200),
            .log_dir = folder_.path()};
  }

  Result<RunEntry> Run(const std::string& script, const TryRequest& request) {
    ProcessExecutor executor(Options(script));
    return executor.RunTry(request, choose_);
  }
  Result<RunEntry> Run(const std::string& script) { return Run(script, Request()); }

  static TryRequest Request() { return {.batch_size = 32, .power_limit = {}, .cost_upper_bound = kUnbounded}; }

  testing::TemporaryFolder folder_;
  std::vector<PowerLimitCost> shown_;
  ChoosePowerLimit choose_ = [this](std::span<const PowerLimitCost> profile) -> Result<Watts> {
    shown_.assign(profile.begin(), profile.end());
    return Watts(100);
  };
};

TEST_F(ProcessExecutorTest, TellsTheSessionByItsEnvironment) {
  ProcessExecutorOptions options = Options("");
  options.profile = {.warmup = 5, .measure = 20};
  TryRequest request = Request();
  request.recurrence = 2;
  request.attempt = 9;
  request.cost_upper_bound = Joules(1234.5);
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingCommand command, ProcessExecutor(options).CommandFor(request));
  EXPECT_EQ(command.environment, (std::map<std::string, std::string>{{"ZEUS_TARGET_METRIC", "0.6"},
                                                                     {"ZEUS_LOG_DIR", folder_.path().string()},
                                                                     {"ZEUS_JOB_ID", "rec03+try10"},
                                                                     {"ZEUS_COST_THRESH", "1234.5"},
                                                                     {"ZEUS_ETA_KNOB", "0.5"},
                                                                     {"ZEUS_PROFILE_PARAMS", "5,20"},
                                                                     {"ZEUS_USE_OPTIMAL_PL", "true"}}));
  EXPECT_EQ(command.log, folder_.path() / "rec03+try10.train.log");
  EXPECT_THAT(command.arguments, ElementsAre("bash", "-c", "", "32", "0.2", "1", "3"));
  options.observer = ObserverMode::kOn;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingCommand observed, ProcessExecutor(options).CommandFor(Request()));
  EXPECT_EQ(observed.environment.at("ZEUS_COST_THRESH"), "inf");
  EXPECT_EQ(observed.environment.at("ZEUS_USE_OPTIMAL_PL"), "false");
}

TEST_F(ProcessExecutorTest, ReadsTheResultAndHasALimitChosen) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunEntry entry, Run(std::string(kResult) + kProfile));
  EXPECT_EQ(entry.tried, (HistoryEntry{.recurrence = 0,
                                       .attempt = 0,
                                       .batch_size = 32,
                                       .power_limit = Watts(100),
                                       .energy = Joules(100.5),
                                       .time = Seconds(2.25),
                                       .reached = true}));
  EXPECT_EQ(entry.num_epochs, 3);
  EXPECT_EQ(entry.job_id, "rec01+try01");
  // (0.5 * power + 0.5 * 400) / throughput, high to low.
  EXPECT_THAT(shown_, ElementsAre(PowerLimitCost{Watts(200), Joules(110)}, PowerLimitCost{Watts(100), Joules(120)}));
  EXPECT_EQ(entry.profile, shown_);
}

TEST_F(ProcessExecutorTest, EachTryHasASeedOfItsOwn) {
  ProcessExecutorOptions options = Options(std::string(kResult) + kProfile + "echo $2");
  options.seed = 41;
  ProcessExecutor executor(options);
  executor.Remember({}, {});
  TryRequest request = Request();
  ASSERT_THAT(executor.Execute(request, choose_), IsOk());
  EXPECT_EQ(Content(folder_.path() / "rec01+try01.train.log"), "42\n");
  request.attempt = 1;
  ASSERT_THAT(executor.Execute(request, choose_), IsOk());
  EXPECT_EQ(Content(folder_.path() / "rec01+try02.train.log"), "43\n");
}

TEST_F(ProcessExecutorTest, OutcomesOfTheLoop) {
  ProcessExecutor reaches(Options(std::string(kResult) + kProfile));
  EXPECT_EQ(reaches.Execute(Request(), choose_)->ending, Ending::kReached);
  ProcessExecutor misses(Options(std::string(kMissed) + kProfile));
  EXPECT_EQ(misses.Execute(Request(), choose_)->ending, Ending::kNotReached);
  ProcessExecutor never_began(
      Options("printf '{\"energy\": 0, \"time\": 0, \"cost\": 0, \"num_epochs\": 0, \"reached\": false}' "
              "> $ZEUS_LOG_DIR/$ZEUS_JOB_ID+bs$0.train.json"));
  EXPECT_EQ(never_began.Execute(Request(), choose_)->ending, Ending::kDidNotRun);
}

TEST_F(ProcessExecutorTest, ObserversTrainAtTheMaximum) {
  ProcessExecutorOptions options = Options(std::string(kResult) + kProfile);
  options.observer = ObserverMode::kOn;
  ProcessExecutor executor(options);
  TryRequest request = Request();
  EXPECT_EQ(executor.Execute(request, choose_)->power_limit, Watts(200));
  request.power_limit = Watts(100);  // What the policy has learned.
  EXPECT_EQ(executor.Execute(request, choose_)->power_limit, Watts(200));
}

TEST_F(ProcessExecutorTest, AKnownLimitIsNotAskedForAgain) {
  ProcessExecutor executor(Options(std::string(kResult) + kProfile));
  TryRequest request = Request();
  ASSERT_THAT(executor.Execute(request, choose_), IsOk());
  shown_.clear();
  request.power_limit = Watts(100);
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunEntry entry, executor.RunTry(request, choose_));
  EXPECT_EQ(entry.tried.power_limit, Watts(100));
  EXPECT_TRUE(entry.profile.empty());
  EXPECT_TRUE(shown_.empty());
}

TEST_F(ProcessExecutorTest, APolicyThatChoosesLimitsItselfIsForSimulation) {
  TryRequest request = Request();
  request.power_limit = Watts(150);
  EXPECT_THAT(Run(kResult, request),
              IsError(ErrorCode::kFailedPrecondition,
                      "the policy chooses a power limit of 150 W for batch size 32 by itself, but in training limits "
                      "are found by profiling; such policies are for simulation"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "rec01+try01.train.log"));
}

TEST_F(ProcessExecutorTest, ARunThatEndedBeforeProfilingDid) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunEntry entry, Run(kResult));
  EXPECT_EQ(entry.tried.power_limit, Watts(200));
  EXPECT_TRUE(entry.profile.empty());
  EXPECT_TRUE(shown_.empty());
}

TEST_F(ProcessExecutorTest, WhatAnInterruptedAttemptLeftIsRemoved) {
  const std::string list = "ls $ZEUS_LOG_DIR; ";
  const auto stale = [&](const char* name) { return folder_.Write(name, "stale").string(); };
  stale("rec01+try01+bs32.train.json");
  stale("bs32.power.json");
  stale("rec01+try01.train.log");
  stale("bs16.power.json");
  stale("rec01+try02+bs32.train.json");
  EXPECT_THAT(Run(list), IsError(ErrorCode::kInvalidData, "ended without a result"));
  EXPECT_EQ(Content(folder_.path() / "rec01+try01.train.log"),
            "bs16.power.json\nrec01+try01.train.log\nrec01+try02+bs32.train.json\n");
  std::filesystem::create_directories(folder_.path() / "rec01+try01+bs32.train.json/in the way");
  EXPECT_THAT(Run(kResult), IsError(ErrorCode::kUnavailable, "train.json: cannot remove: Directory not empty"));
}

TEST_F(ProcessExecutorTest, ACommandThatFails) {
  EXPECT_THAT(Run("echo one; echo two >&2; exit 3"),
              IsError(ErrorCode::kUnavailable, "rec01+try01: the command ended with exit code 3; the end of " +
                                                   (folder_.path() / "rec01+try01.train.log").string() +
                                                   ":\n    one\n    two"));
  EXPECT_THAT(Run("kill -9 $$"),
              IsError(ErrorCode::kUnavailable, "rec01+try01: the command was ended by signal 9 (Killed); the end of "));
  EXPECT_THAT(Run(std::string(kResult) + kProfile + "exit 3"),
              IsError(ErrorCode::kUnavailable, "the command ended with exit code 3; "));
  ProcessExecutorOptions options = Options("");
  options.job.command = {"no-such-program-here"};
  EXPECT_THAT(ProcessExecutor(options).Execute(Request(), choose_),
              IsError(ErrorCode::kNotFound, "rec01+try01: no-such-program-here: cannot be run: "));
}

// A script that does not catch the session's exception ends with exit code 1.
TEST_F(ProcessExecutorTest, ARunStoppedByItsCostBoundMayFail) {
  TryRequest bounded = Request();
  bounded.cost_upper_bound = Joules(5);
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunEntry entry, Run(std::string(kMissed) + kProfile + "exit 1", bounded));
  EXPECT_FALSE(entry.tried.reached);
  EXPECT_THAT(Run(std::string(kMissed) + kProfile + "exit 1"),
              IsError(ErrorCode::kUnavailable, "the command ended with exit code 1; "));
  EXPECT_THAT(Run(std::string(kMissed) + kProfile + "kill -9 $$", bounded),
              IsError(ErrorCode::kUnavailable, "was ended by signal 9 (Killed)"));
}

TEST_F(ProcessExecutorTest, NoResult) {
  EXPECT_THAT(Run("echo done"),
              IsError(ErrorCode::kInvalidData, "rec01+try01: the command ended without a result: there is no " +
                                                   (folder_.path() / "rec01+try01+bs32.train.json").string() +
                                                   "; the end of "));
  EXPECT_THAT(Run("true").error().message, EndsWith("rec01+try01.train.log: (empty)"));
}

TEST_F(ProcessExecutorTest, DamagedFiles) {
  const std::string damaged_result = "echo bye; echo '{\"energy\": 3' > $ZEUS_LOG_DIR/$ZEUS_JOB_ID+bs$0.train.json; ";
  const Result<RunEntry> result = Run(damaged_result);
  EXPECT_THAT(result, IsError(ErrorCode::kInvalidData, "rec01+try01: a damaged result: "));
  EXPECT_THAT(result.error().message, HasSubstr("rec01+try01+bs32.train.json"));
  EXPECT_THAT(result.error().message, EndsWith(":\n    bye"));
  EXPECT_THAT(Run(std::string(kResult) + "echo '{}' > $ZEUS_LOG_DIR/bs$0.power.json"),
              IsError(ErrorCode::kInvalidData, "bs32.power.json"));
}

TEST_F(ProcessExecutorTest, ATimeout) {
  ProcessExecutorOptions options = Options("echo up; sleep 60");
  options.timeout = Seconds(0.3);
  EXPECT_THAT(
      ProcessExecutor(options).Execute(Request(), choose_),
      IsError(ErrorCode::kUnavailable, "rec01+try01: the command took longer than 0.3 s and was ended; the end of "));
}

TEST_F(ProcessExecutorTest, AnInterrupt) {
  const NotedSignals signals;
  ProcessExecutorOptions options = Options(std::string(kResult) + kProfile + "kill -TERM $(ps -o ppid= -p $PPID)");
  options.signals = &signals;
  options.job.command[2] += "; sleep 60";
  ProcessExecutor executor(options);
  EXPECT_THAT(executor.Execute(Request(), choose_), IsError(ErrorCode::kUnavailable, "rec01+try01: interrupted"));
  EXPECT_TRUE(executor.interrupted());
  EXPECT_EQ(signals.first(), SIGTERM);
}

}  // namespace
}  // namespace zeus
