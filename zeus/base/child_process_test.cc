#include "zeus/base/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;

Result<ForegroundEnd> RunShell(const std::string& script) {
  return RunInForeground({.arguments = {"sh", "-c", script}, .environment = {{"ZEUS_TEST_WORD", "word"}}});
}

Result<int> Shell(const std::string& script) {
  ZEUS_ASSIGN_OR_RETURN(const ForegroundEnd end, RunShell(script));
  return end.exit_code;
}

TEST(ChildProcess, PassesTheExitCodeOn) {
  EXPECT_EQ(Shell("exit 0").value(), 0);
  EXPECT_EQ(Shell("exit 42").value(), 42);
}

TEST(ChildProcess, DeathBySignalIsTheShellsCode) {
  EXPECT_EQ(Shell("kill -KILL $$").value(), 128 + SIGKILL);
}

TEST(ChildProcess, EnvironmentIsSetOnTopOfOurs) {
  EXPECT_EQ(Shell("test \"$ZEUS_TEST_WORD\" = word && test -n \"$PATH\"").value(), 0);
}

TEST(ChildProcess, AProgramThatDoesNotExist) {
  const Result<ForegroundEnd> result = RunInForeground({.arguments = {"no-such-program-here"}, .environment = {}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message, HasSubstr("no-such-program-here: cannot be run: No such file"));
}

TEST(ChildProcess, AFileThatIsNoProgram) {
  const Result<ForegroundEnd> result = RunInForeground({.arguments = {"/etc/passwd"}, .environment = {}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kPermissionDenied);
}

TEST(ChildProcess, NothingToRun) {
  EXPECT_EQ(RunInForeground({}).error().code, ErrorCode::kInvalidArgument);
}

// Sent to us while the command runs; it ends the way it chooses to.
TEST(ChildProcess, TerminationIsPassedOn) {
  std::jthread killer([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ::kill(::getpid(), SIGTERM);
  });
  EXPECT_EQ(Shell("trap 'exit 7' TERM; while :; do sleep 0.02; done").value(), 7);
}

// Once a signal was lost that came between the child's start and our knowing its number.
TEST(ChildProcess, ATerminationAtOnceIsPassedOnToo) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Shell("trap 'exit 7' TERM; kill -TERM $PPID; while :; do sleep 0.01; done").value(), 7);
  }
}

std::atomic<bool> slow_after_fork = false;

// Another thread can take a signal while ours has yet to learn the child's number. The child is quick here and our
// thread slow, as on a busy machine.
TEST(ChildProcess, SoIsOneThatAnotherThreadTakes) {
  static const int kRegistered = ::pthread_atfork(
      nullptr,
      [] {
        if (slow_after_fork) std::this_thread::sleep_for(std::chrono::milliseconds(300));
      },
      nullptr);
  ASSERT_EQ(kRegistered, 0);
  const std::jthread taker([](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  slow_after_fork = true;
  const Result<int> exit_code = Shell("trap 'exit 7' TERM; kill -TERM $PPID; for i in $(seq 200); do sleep 0.01; done");
  slow_after_fork = false;
  EXPECT_EQ(exit_code.value(), 7);
}

TEST(ChildProcess, SoIsAnInterruptThatWasSentToUsAlone) {
  const auto before = ::signal(SIGINT, SIG_DFL);  // A shell has its background commands ignore it.
  EXPECT_EQ(Shell("trap 'exit 7' INT; kill -INT $PPID; while :; do sleep 0.01; done").value(), 7);
  ::signal(SIGINT, before);
}

// Batch systems warn a job with it that its time is nearly over.
TEST(ChildProcess, SoIsAUsersSignal) {
  const Result<ForegroundEnd> end = RunShell("trap 'exit 7' USR1; kill -USR1 $PPID; while :; do sleep 0.01; done");
  EXPECT_EQ(end.value().exit_code, 7);
  EXPECT_FALSE(end.value().told_to_end);
}

TEST(ChildProcess, ACommandThatOutlivesATerminationDoesNotHideIt) {
  const Result<ForegroundEnd> end = RunShell("trap 'exit 0' TERM; kill -TERM $PPID; while :; do sleep 0.01; done");
  EXPECT_EQ(end.value().exit_code, 0);
  EXPECT_EQ(end.value().told_to_end, SIGTERM);
  EXPECT_FALSE(RunShell("true").value().told_to_end);
}

TEST(ChildProcess, SignalDispositionsArePutBack) {
  ASSERT_EQ(Shell("true").value(), 0);
  struct sigaction action{};
  ::sigaction(SIGTERM, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace zeus
