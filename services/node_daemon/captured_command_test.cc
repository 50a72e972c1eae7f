#include "services/node_daemon/captured_command.h"

#include <gmock/gmock.h>

#include <csignal>

namespace zeus {
namespace {

CapturedCommand Shell(const std::string& script, Seconds timeout = Seconds(60)) {
  return RunCaptured({"sh", "-c", script}, timeout);
}

TEST(CapturedCommand, TellsHowItWentAndWhatItWrote) {
  const CapturedCommand command = Shell("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(std::holds_alternative<CommandExited>(command.end));
  EXPECT_EQ(std::get<CommandExited>(command.end).code, 3);
  EXPECT_EQ(command.output, "out\n");
  EXPECT_EQ(command.errors, "err\n");
  EXPECT_TRUE(command.is_whole);
}

TEST(CapturedCommand, HasNothingToReadAndNoDescriptorOfOurs) {
  EXPECT_EQ(Shell("cat; ls /proc/self/fd | wc -l").output, "4\n");  // And the one that ls lists with.
}

TEST(CapturedCommand, ASignalATimeoutAndAProgramThatIsNotThere) {
  const CapturedCommand killed = Shell("kill -9 $$");
  ASSERT_TRUE(std::holds_alternative<CommandSignalled>(killed.end));
  EXPECT_EQ(std::get<CommandSignalled>(killed.end).signal, SIGKILL);
  const CapturedCommand late = Shell("echo begun; sleep 600 & wait", Seconds(0.2));
  EXPECT_TRUE(std::holds_alternative<CommandTimedOut>(late.end));
  EXPECT_TRUE(late.is_whole);  // All of its group was killed.
  EXPECT_TRUE(std::holds_alternative<CommandNotStarted>(RunCaptured({"/absent"}, Seconds(1)).end));
}

TEST(CapturedCommand, MuchOutputIsCutAndHoldsNothingUp) {
  const CapturedCommand command = Shell("head -c 1000000 /dev/zero");
  EXPECT_TRUE(std::holds_alternative<CommandExited>(command.end));
  EXPECT_EQ(command.output.size(), size_t{64} * 1024);
}

TEST(CapturedCommand, WhoKeepsItsOutputOpenIsNotWaitedFor) {
  const CapturedCommand command = Shell("setsid sleep 5 & echo done");
  EXPECT_TRUE(std::holds_alternative<CommandExited>(command.end));
  EXPECT_EQ(command.output, "done\n");
  EXPECT_FALSE(command.is_whole);
}

}  // namespace
}  // namespace zeus
