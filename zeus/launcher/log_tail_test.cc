#include "zeus/launcher/log_tail.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"

namespace zeus {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

class LogTailTest : public ::testing::Test {
 protected:
  std::string Tail(std::string_view content, size_t lines = kLogTailLines) {
    return LogTail(folder_.Write("train.log", content), lines);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(LogTailTest, TheLastLines) {
  EXPECT_EQ(Tail("one\ntwo\nthree\n", 2), "\n    two\n    three");
  EXPECT_EQ(Tail("one\ntwo\nthree", 2), "\n    two\n    three");
  EXPECT_EQ(Tail("one\n\n\n", 2), "\n    one");
}

TEST_F(LogTailTest, NothingWritten) {
  EXPECT_EQ(Tail(""), " (empty)");
  EXPECT_EQ(Tail("\n\n"), " (empty)");
  EXPECT_EQ(LogTail(folder_.path() / "absent"), " (cannot be read: No such file or directory)");
}

TEST_F(LogTailTest, WhatATerminalWouldNotShowAsText) {
  EXPECT_EQ(Tail("\x1b[31mred\x1b[0m\a \xc3\xa9\r\n"), "\n    [31mred[0m \xc3\xa9");
  EXPECT_EQ(Tail("epoch 1: 10%\repoch 1: 99%\nend\n"), "\n    epoch 1: 99%\n    end");
}

TEST_F(LogTailTest, ALongLogIsReadFromItsEnd) {
  std::string log;
  for (int i = 0; i < 100000; ++i) log += "line " + std::to_string(i) + "\n";
  EXPECT_THAT(Tail(log), EndsWith("\n    line 99998\n    line 99999"));
  EXPECT_THAT(Tail(log), StartsWith("\n    line 99990\n"));
  EXPECT_THAT(Tail(std::string(2000, 'x')), EndsWith("xxx..."));
}

}  // namespace
}  // namespace zeus
