#include "zeus/base/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

size_t CountFiles(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(ReadFileTest, GivesTheBytes) {
  const TemporaryFolder folder;
  const std::string bytes("\xFF\0\n\xEF\xBB\xBF", 6);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder.Write("file", bytes)));
  EXPECT_EQ(read, bytes);
}

TEST(ReadFileTest, AnEmptyFileIsEmpty) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder.Write("file", "")));
  EXPECT_EQ(read, "");
}

TEST(ReadFileTest, ReadsAFileOfManyChunks) {
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; bytes.size() < 300000; ++i) bytes += std::to_string(i);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(folder.Write("file", bytes)));
  EXPECT_EQ(read, bytes);
}

TEST(ReadFileTest, ReadsAPipe) {
  const TemporaryFolder folder;
  const std::filesystem::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string bytes(200000, 'x');
  const std::jthread writer([&] { std::ofstream(pipe, std::ios::binary) << bytes; });
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(pipe));
  EXPECT_EQ(read, bytes);
}

TEST(ReadFileTest, AMissingFileIsNotFound) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "absent.csv";
  EXPECT_THAT(ReadFile(path), IsError(ErrorCode::kNotFound, path.string() + ": cannot open: No such file"));
  const std::filesystem::path file = folder.Write("file", "");
  EXPECT_THAT(ReadFile(file / "below"), IsError(ErrorCode::kNotFound, "Not a directory"));
}

TEST(ReadFileTest, AFolderIsNoFile) {
  const TemporaryFolder folder;
  EXPECT_THAT(ReadFile(folder.path()),
              IsError(ErrorCode::kInvalidArgument, folder.path().string() + ": cannot read: Is a directory"));
}

TEST(ReadFileTest, AFileOverTheLimitIsRefused) {
  const TemporaryFolder folder;
  constexpr uint64_t kLimit = uint64_t{1} << 20;
  EXPECT_THAT(ReadFile(folder.Write("fits", std::string(kLimit, 'x')), kLimit), IsOk());
  const std::filesystem::path over = folder.Write("over", std::string(kLimit + 1, 'x'));
  EXPECT_THAT(ReadFile(over, kLimit),
              IsError(ErrorCode::kInvalidData, over.string() + ": the file is larger than 1 MiB"));
}

TEST(ReadFileTest, AnEndlessDeviceIsRefused) {
  EXPECT_THAT(ReadFile("/dev/zero", uint64_t{1} << 20), IsError(ErrorCode::kInvalidData, "larger than 1 MiB"));
}

TEST(ReadTextFileTest, DropsAByteOrderMark) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string read, ReadTextFile(folder.Write("file", "\xEF\xBB\xBFgröße\n")));
  EXPECT_EQ(read, "größe\n");
}

TEST(ReadTextFileTest, NamesTheFileTheLineAndTheColumn) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.Write("file", "first\nsecond \xC0 line\n");
  EXPECT_THAT(ReadTextFile(path),
              IsError(ErrorCode::kInvalidData, path.string() + ":2:8: byte 0xc0 is not UTF-8 text"));
}

TEST(ReadTextFileTest, PassesTheLimitOn) {
  const TemporaryFolder folder;
  EXPECT_THAT(ReadTextFile(folder.Write("file", "0123456789"), 9), IsError(ErrorCode::kInvalidData, "is larger than"));
}

TEST(ToTextTest, TakesEveryLengthOfUtf8) {
  for (const char* text : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_THAT(ToText(text, "x"), IsOk());
    EXPECT_THAT(ToText(std::string("0123456") + text + "89abcdef", "x"), IsOk());
  }
}

TEST(ToTextTest, RefusesWhatIsNotUtf8) {
  const std::string truncated = "\xE2\x82";
  for (const std::string& bytes :
       {std::string("\x80"), std::string("\xBF"), std::string("\xC1\xBF"), std::string("\xC2"), std::string("\xC2x"),
        std::string("\xE0\x9F\xBF"), std::string("\xED\xA0\x80"), truncated, std::string("\xE2\x82x"),
        std::string("\xF0\x8F\xBF\xBF"), std::string("\xF4\x90\x80\x80"), std::string("\xF5\x80\x80\x80"),
        std::string("\xF0\x90\x80"), std::string("\xFF\xFE"), std::string("\0", 1)}) {
    EXPECT_THAT(ToText(bytes, "x"), IsError(ErrorCode::kInvalidData, "x:1:1: byte 0x"));
    EXPECT_THAT(ToText("0123456\n89" + bytes, "x"), IsError(ErrorCode::kInvalidData, "x:2:3: byte 0x"));
  }
}

TEST(ToTextTest, FindsANulAmongManyBytes) {
  for (size_t at = 0; at < 40; ++at) {
    std::string bytes(40, 'a');
    bytes[at] = '\0';
    EXPECT_THAT(ToText(bytes, "x"), IsError(ErrorCode::kInvalidData, "x:1:" + std::to_string(at + 1) + ": byte 0x00"));
  }
}

TEST(WriteFileAtomicallyTest, MakesAndReplacesAFile) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "file";
  for (const std::string& content : {std::string("old, and longer"), std::string("new"), std::string()}) {
    ASSERT_THAT(WriteFileAtomically(path, content), IsOk());
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(path));
    EXPECT_EQ(read, content);
  }
  EXPECT_EQ(CountFiles(folder.path()), 1U) << "a temporary file was left behind";
}

TEST(WriteFileAtomicallyTest, GivesTheModeThatAnyNewFileGets) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  const Result<void> written = WriteFileAtomically(folder.path() / "file", "x");
  ::umask(before);
  ASSERT_THAT(written, IsOk());
  struct stat status{};
  ASSERT_EQ(::stat((folder.path() / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
}

TEST(WriteFileAtomicallyTest, AMissingFolderIsNotFound) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "absent" / "file";
  EXPECT_THAT(WriteFileAtomically(path, "x"), IsError(ErrorCode::kNotFound, path.string() + ": cannot create"));
  EXPECT_EQ(CountFiles(folder.path()), 0U);
}

TEST(WriteFileAtomicallyTest, WhatCannotBeReplacedStaysAndNoTemporaryFileIsLeft) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "name";
  std::filesystem::create_directory(path);
  EXPECT_THAT(WriteFileAtomically(path, "x"), IsError(ErrorCode::kInvalidArgument, path.string() + ": cannot replace"));
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_EQ(CountFiles(folder.path()), 1U);
}

TEST(WriteFileAtomicallyTest, AReaderNeverSeesHalfAFile) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "file";
  constexpr size_t kBytes = 300000;
  ASSERT_THAT(WriteFileAtomically(path, std::string(kBytes, 'a')), IsOk());
  std::atomic<bool> done = false;
  int reads = 0;
  std::string seen;  // One letter for each content that was seen, in order of its first appearance.
  std::jthread reader([&] {
    while (!done) {
      const Result<std::string> read = ReadFile(path);
      if (!read || read->size() != kBytes || read->find_first_not_of(read->front()) != std::string::npos) {
        seen += '!';
        return;
      }
      if (seen.find(read->front()) == std::string::npos) seen += read->front();
      ++reads;
    }
  });
  for (char letter = 'b'; letter <= 'z'; ++letter) {
    EXPECT_THAT(WriteFileAtomically(path, std::string(kBytes, letter)), IsOk());
  }
  done = true;
  reader.join();
  EXPECT_EQ(seen.find('!'), std::string::npos) << "after " << reads << " reads, having seen " << seen;
  EXPECT_GT(reads, 0);
}

}  // namespace
}  // namespace zeus
