#include "zeus/launcher/training_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/run_command.h"
#include "zeus/base/number_text.h"
#include "zeus/base/unique_fd.h"

namespace zeus {
namespace {

using testing::Content;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::set<std::string> OpenDescriptors() {
  std::set<std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) open.insert(entry.path().filename());
  return open;
}

/// Whether it is there and no zombie.
bool IsAlive(pid_t pid) {
  const std::string status = Content("/proc/" + std::to_string(pid) + "/stat");
  const size_t name_end = status.rfind(')');
  return name_end != std::string::npos && status.at(name_end + 2) != 'Z';
}

/// Waits for a condition that is about to come true.
template <class Condition>
bool Soon(Condition condition) {
  for (const auto end = Clock::now() + std::chrono::seconds(10); Clock::now() < end;) {
    if (condition()) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

class TrainingProcessTest : public ::testing::Test {
 protected:
  [[nodiscard]] TrainingCommand Shell(const std::string& script) const {
    TrainingCommand command;
    command.arguments = {"bash", "-c", script};
    command.workdir = folder_.path();
    command.log = log();
    command.grace = Seconds(5);
    return command;
  }
  Result<TrainingEnd> Run(const std::string& script) { return RunTraining(Shell(script), nullptr); }

  [[nodiscard]] std::filesystem::path log() const { return folder_.path() / "train.log"; }
  /// A process whose id a script wrote there, once it did.
  [[nodiscard]] pid_t Pid(const std::string& name) const {
    EXPECT_TRUE(Soon([&] { return Content(folder_.path() / name).ends_with('\n'); })) << name;
    const std::string text = Content(folder_.path() / name);
    return static_cast<pid_t>(ParseInteger(text.substr(0, text.find('\n'))).value_or(-1));
  }

  testing::TemporaryFolder folder_;
};

TEST_F(TrainingProcessTest, HowItEnds) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingEnd good, Run("exit 0"));
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.ending, TrainingEnding::kByItself);
  EXPECT_FALSE(good.signal);
  EXPECT_EQ(Run("exit 42")->exit_code, 42);
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingEnd killed, Run("kill -KILL $$"));
  EXPECT_EQ(killed.exit_code, 128 + SIGKILL);
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_EQ(killed.ending, TrainingEnding::kByItself);
}

TEST_F(TrainingProcessTest, OutputGoesToTheLogAndLive) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  TrainingCommand command = Shell("echo out; sleep 0.3; echo error >&2; printf end");
  command.echo = writing.get();
  std::string first(3, ' ');
  std::jthread reader([&] {
    EXPECT_EQ(::read(reading.get(), first.data(), 3), 3);
    EXPECT_FALSE(Content(log()).ends_with("end"));  // It is still running.
  });
  ASSERT_THAT(RunTraining(command, nullptr), IsOk());
  reader.join();
  EXPECT_EQ(first, "out");
  writing = UniqueFd();
  std::string rest(100, ' ');
  rest.resize(static_cast<size_t>(::read(reading.get(), rest.data(), rest.size())));
  EXPECT_EQ(rest, "\nerror\nend");
  EXPECT_EQ(Content(log()), "out\nerror\nend");
}

TEST_F(TrainingProcessTest, MuchOutputIsAllThere) {
  ASSERT_THAT(Run("seq 1 300000"), IsOk());
  const std::string content = Content(log());
  EXPECT_EQ(std::ranges::count(content, '\n'), 300000);
  EXPECT_THAT(content, EndsWith("\n299999\n300000\n"));
}

TEST_F(TrainingProcessTest, WhoReadsLiveMayGoAway) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  const UniqueFd writing(ends[1]);
  TrainingCommand command = Shell("seq 1 100000; exit 3");
  command.echo = writing.get();
  EXPECT_EQ(RunTraining(command, nullptr)->exit_code, 3);
  EXPECT_THAT(Content(log()), EndsWith("\n100000\n"));
}

// A terminal that is held, or a pager: the command waits for it, but can be ended all the same.
TEST_F(TrainingProcessTest, WhoReadsLiveMayStop) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  TrainingCommand command = Shell("trap 'seq 1 100000; echo restored; exit 0' TERM; seq 1 100000; sleep 60 & wait");
  command.echo = writing.get();
  command.timeout = Seconds(0.5);
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingEnd end, RunTraining(command, nullptr));
  EXPECT_EQ(end.ending, TrainingEnding::kTimedOut);
  EXPECT_THAT(Content(log()), EndsWith("restored\n"));
}

TEST_F(TrainingProcessTest, WhatTheCommandGets) {
  TrainingCommand command =
      Shell("echo \"$ZEUS_JOB_ID\"; pwd -P; cat; readlink /proc/self/fd/0; test -n \"$PATH\" && ls /proc/self/fd");
  command.environment = {{"ZEUS_JOB_ID", "rec01+try01"}};
  // What a parent did not close on exec is its own doing; what we make is closed.
  std::string inherited;
  for (const std::string& fd : OpenDescriptors()) {
    if (const int number = static_cast<int>(*ParseInteger(fd)); number > 2 && ::fcntl(number, F_GETFD) == 0) {
      ASSERT_EQ(::fcntl(number, F_SETFD, FD_CLOEXEC), 0);
    }
  }
  ASSERT_EQ(RunTraining(command, nullptr)->exit_code, 0);
  // The last of them is that of ls itself.
  EXPECT_EQ(Content(log()),
            "rec01+try01\n" + std::filesystem::canonical(folder_.path()).string() + "\n/dev/null\n0\n1\n2\n3\n");
}

TEST_F(TrainingProcessTest, TheCommandHasNoSignalBlockedAndNoHandlerOfOurs) {
  const NotedSignals signals;
  TrainingCommand command = Shell("");
  command.arguments = {"cat", "/proc/self/status"};
  ASSERT_THAT(RunTraining(command, &signals), IsOk());
  const std::string content = Content(log());
  EXPECT_THAT(content, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(content, HasSubstr("SigCgt:\t0000000000000000"));
  EXPECT_FALSE(signals.first());
}

TEST_F(TrainingProcessTest, NothingIsLeftOpen) {
  const std::set<std::string> before = OpenDescriptors();
  ASSERT_THAT(Run("exit 1"), IsOk());
  TrainingCommand wrong = Shell("");
  wrong.arguments = {"no-such-program-here"};
  EXPECT_FALSE(RunTraining(wrong, nullptr));
  EXPECT_EQ(OpenDescriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // Nor any zombie.
}

TEST_F(TrainingProcessTest, WhatCannotBeStarted) {
  TrainingCommand command = Shell("");
  command.arguments = {"no-such-program-here"};
  EXPECT_THAT(RunTraining(command, nullptr),
              IsError(ErrorCode::kNotFound, "no-such-program-here: cannot be run: No such file or directory"));
  command.arguments = {"/etc/passwd"};
  EXPECT_THAT(RunTraining(command, nullptr), IsError(ErrorCode::kPermissionDenied, "/etc/passwd: cannot be run: "));
  command = Shell("true");
  command.workdir = folder_.path() / "absent";
  EXPECT_THAT(RunTraining(command, nullptr),
              IsError(ErrorCode::kNotFound, "/absent: cannot work there: No such file or directory"));
  command = Shell("true");
  command.log = folder_.path() / "absent/train.log";
  EXPECT_THAT(RunTraining(command, nullptr), IsError(ErrorCode::kUnavailable, "/absent/train.log: cannot open: "));
  EXPECT_THAT(RunTraining({}, nullptr), IsError(ErrorCode::kInvalidArgument, "there is no command to run"));
}

TEST_F(TrainingProcessTest, ATimeoutTellsItToEnd) {
  TrainingCommand command = Shell("trap 'echo restored; exit 7' TERM; echo up; sleep 60 & wait");
  command.timeout = Seconds(0.5);
  const auto begin = Clock::now();
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingEnd end, RunTraining(command, nullptr));
  EXPECT_EQ(end.ending, TrainingEnding::kTimedOut);
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_GE(Clock::now() - begin, milliseconds(500));
  EXPECT_LT(Clock::now() - begin, milliseconds(4000));
  EXPECT_EQ(Content(log()), "up\nrestored\n");
}

TEST_F(TrainingProcessTest, ATimeoutThatIsNotReachedChangesNothing) {
  TrainingCommand command = Shell("exit 5");
  command.timeout = Seconds(1e9);
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingEnd end, RunTraining(command, nullptr));
  EXPECT_EQ(end.ending, TrainingEnding::kByItself);
  EXPECT_EQ(end.exit_code, 5);
}

TEST_F(TrainingProcessTest, WhatDoesNotHeedIsKilled) {
  TrainingCommand command = Shell("trap '' TERM; echo $$ > pid; sleep 60 & sleep 60");
  command.timeout = Seconds(0.3);
  command.grace = Seconds(0.3);
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingEnd end, RunTraining(command, nullptr));
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_FALSE(IsAlive(Pid("pid")));
}

// Grandchildren end with it, whether they stay in its process group, leave it, or are daemons that have lost their
// parent.
TEST_F(TrainingProcessTest, AllThatItStartedEndsWithIt) {
  TrainingCommand command = Shell(
      "sleep 61 & echo $! > same; setsid sleep 62 & (setsid bash -c 'echo $$ > away; exec sleep 63' &); "
      "bash -c \"setsid bash -c 'echo \\$\\$ > deaf; trap \\\"\\\" TERM; sleep 64; sleep 64' &\"; sleep 60");
  command.timeout = Seconds(1);
  command.grace = Seconds(1);
  ASSERT_THAT(RunTraining(command, nullptr), IsOk());
  for (const char* name : {"same", "away", "deaf"}) EXPECT_FALSE(IsAlive(Pid(name))) << name;
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(TrainingProcessTest, WhatItLeavesBehindIsEndedToo) {
  const auto begin = Clock::now();
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingEnd end,
                            Run("(trap 'echo told >> told; exit 0' TERM; sleep 60 & wait) & "
                                "setsid bash -c 'echo $$ > away; exec sleep 60' & sleep 0.3; exit 6"));
  EXPECT_EQ(end.exit_code, 6);
  EXPECT_EQ(end.ending, TrainingEnding::kByItself);
  EXPECT_LT(Clock::now() - begin, milliseconds(4000));
  EXPECT_FALSE(IsAlive(Pid("away")));
  EXPECT_EQ(Content(folder_.path() / "told"), "told\n");  // Once.
}

TEST_F(TrainingProcessTest, AWorkerThatEndsALittleLaterIsWaitedFor) {
  ASSERT_EQ(Run("(trap 'echo told > told' TERM; sleep 0.1; echo late) & exit 0")->exit_code, 0);
  EXPECT_EQ(Content(log()), "late\n");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "told"));
}

TEST_F(TrainingProcessTest, ASignalEndsItAndEverythingElse) {
  const NotedSignals signals;
  std::jthread killer([&] {
    EXPECT_GT(Pid("pid"), 0);
    ::kill(::getpid(), SIGTERM);
  });
  ZEUS_ASSERT_OK_AND_ASSIGN(
      const TrainingEnd end,
      RunTraining(Shell("trap 'echo restored; exit 0' TERM; echo $$ > pid; sleep 60 & wait"), &signals));
  EXPECT_EQ(end.ending, TrainingEnding::kInterrupted);
  EXPECT_EQ(Content(log()), "restored\n");
  // And the next one is not begun.
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingEnd next, RunTraining(Shell("echo begun > begun"), &signals));
  EXPECT_EQ(next.ending, TrainingEnding::kInterrupted);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "begun"));
}

// The command is in a process group and a session of its own.
TEST_F(TrainingProcessTest, TheTerminalsSignalsDoNotReachIt) {
  ASSERT_THAT(Run("ps -o pgid= -o pid= -p $$"), IsOk());
  const std::string content = Content(log());
  const size_t middle = content.find_last_of(' ');
  const auto trimmed = [](std::string text) {
    text.erase(0, text.find_first_not_of(' '));
    return text.substr(0, text.find_first_of(" \n"));
  };
  EXPECT_EQ(trimmed(content.substr(0, middle)), trimmed(content.substr(middle)));
}

TEST_F(TrainingProcessTest, ALogThatCannotBeWrittenEndsTheCommandWithAnError) {
  // A limit on the size of files is a disk that is full for everybody but this test's output, which is a pipe or small.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 4096;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const Result<TrainingEnd> end = Run("trap 'exit 0' TERM; while :; do seq 1 1000; sleep 0.01; done");
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_THAT(
      end, IsError(ErrorCode::kUnavailable, "train.log: cannot write: File too large; the training was ended for it"));
  EXPECT_EQ(std::filesystem::file_size(log()), 4096);
}

// A process that runs a training and is killed: what it was to watch over must not go on.
class KilledTrainingTest : public TrainingProcessTest {
 protected:
  void SetUp() override {
    const std::filesystem::path file = folder_.path() / "lock";
    TrainingCommand command = Shell(
        "trap 'sleep 0.2; echo restored > restored; exit 0' TERM; setsid bash -c 'echo $$ > away; sleep 60' & "
        "echo $$ > pid; echo $PPID > supervisor; sleep 60 & wait");
    runner_ = ::fork();
    if (runner_ == 0) {
      const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      ::flock(lock, LOCK_EX);
      command.held = lock;
      const Result<TrainingEnd> end = RunTraining(command, nullptr);
      ::_exit(end ? 0 : 9);
    }
    command_ = Pid("pid");
    supervisor_ = Pid("supervisor");
    away_ = Pid("away");
  }
  void TearDown() override {
    for (const pid_t pid : {command_, away_, supervisor_}) {
      if (pid > 0 && IsAlive(pid)) ::kill(pid, SIGKILL);
    }
    if (runner_ > 0) ::kill(runner_, SIGKILL);
    ::waitpid(runner_, nullptr, 0);
  }
  [[nodiscard]] bool IsLocked() const {
    const UniqueFd lock(::open((folder_.path() / "lock").c_str(), O_RDWR | O_CLOEXEC));
    return ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0;
  }

  pid_t runner_ = -1;
  pid_t supervisor_ = -1;
  pid_t command_ = -1;
  pid_t away_ = -1;
};

TEST_F(KilledTrainingTest, TheSupervisorEndsAllOfIt) {
  EXPECT_TRUE(IsLocked());
  ::kill(runner_, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(runner_, &status, 0), runner_);
  runner_ = -1;
  // Meanwhile the lock of what it works in stays.
  if (IsAlive(command_)) {
    EXPECT_TRUE(IsLocked() || !IsAlive(command_));
  }
  EXPECT_TRUE(Soon([&] { return !IsAlive(supervisor_); }));
  EXPECT_FALSE(IsAlive(command_));
  EXPECT_FALSE(IsAlive(away_));
  EXPECT_FALSE(IsLocked());
  EXPECT_EQ(Content(folder_.path() / "restored"), "restored\n");
}

TEST_F(KilledTrainingTest, WithoutASupervisorTheTrainingIsEndedAndTheErrorSaysSo) {
  ::kill(supervisor_, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(runner_, &status, 0), runner_);
  runner_ = -1;
  EXPECT_EQ(WEXITSTATUS(status), 9);
  EXPECT_FALSE(IsAlive(command_));
  EXPECT_EQ(Content(folder_.path() / "restored"), "restored\n");
}

}  // namespace
}  // namespace zeus
