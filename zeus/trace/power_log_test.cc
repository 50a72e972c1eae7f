#include "zeus/trace/power_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

/// Hands out a text a few bytes at a time, as a pipe does.
PowerLogReader::ReadBytes Pieces(std::string text, size_t piece) {
  return [text = std::move(text), piece, at = size_t{0}](char* buffer, size_t size) mutable -> Result<size_t> {
    const size_t count = std::min({piece, size, text.size() - at});
    std::memcpy(buffer, text.data() + at, count);
    at += count;
    return count;
  };
}

struct Read {
  explicit Read(const std::string& text, size_t piece = 1 << 20) {
    Result<PowerLogReader> reader = PowerLogReader::Open("power.csv", Pieces(text, piece));
    if (!reader) {
      message = reader.error().message;
      return;
    }
    while (true) {
      const Result<std::optional<PowerLogSample>> sample = reader->Next();
      if (!sample) message = sample.error().message;
      if (!sample || !*sample) break;
      lines.emplace_back();
      AppendPowerLogLine(**sample, &lines.back());
    }
    incomplete = reader->has_incomplete_line();
  }

  std::vector<std::string> lines;
  std::string message;
  bool incomplete = false;
};

const std::string kText =
    "Time,Power\n"
    "2022-09-15 03:10:02.421413000,58013\n"
    "2022-09-15 03:10:02.521413001,0\n"
    "2024-02-29 23:59:59.999999999,1000000\n";

TEST(PowerLogTest, ReadsWhatItWrites) {
  for (const size_t piece : {1U, 7U, 4096U}) {
    const Read read(kText, piece);
    EXPECT_EQ(read.message, "");
    std::string written(PowerLogHeader());
    for (const std::string& line : read.lines) written += line;
    EXPECT_EQ(written, kText);
    EXPECT_FALSE(read.incomplete);
  }
}

TEST(PowerLogTest, ReadsOtherSpellingsOfTheSame) {
  const Read read(
      "\xEF\xBB\xBFGpu,Power,Time\r\n"
      "0,1500.25,2022-09-15T03:10:02\r\n"
      "\r\n"
      "0,1e3,2022-09-15 03:10:02.5\r\n");
  EXPECT_EQ(read.message, "");
  EXPECT_THAT(read.lines, ElementsAre("2022-09-15 03:10:02.000000000,1500\n", "2022-09-15 03:10:02.500000000,1000\n"));
}

TEST(PowerLogTest, AHalfWrittenLastLineIsLeftOutAndAWholeOneIsUsed) {
  const Read half(kText + "2024-03-01 00:00:00.000000000,10");
  EXPECT_EQ(half.message, "");
  EXPECT_EQ(half.lines.size(), 3U);
  EXPECT_TRUE(half.incomplete);
  EXPECT_EQ(Read(kText + "2024-03-01 00:00:00.000000000,10\n").lines.size(), 4U);
}

TEST(PowerLogTest, ADamagedLineIsNamedByItsPlace) {
  const std::string good = "2022-09-15 03:10:02.421413000,58013\n";
  for (const auto& [line, message] : std::vector<std::pair<std::string, std::string>>{
           {"2022-09-15 03:10:02.421413000", "expected 2 fields, as in the header, found 1"},
           {"2022-09-15 03:10:02.421413000,1,2", "expected 2 fields, as in the header, found 3"},
           {"2022-09-15,1", "Time: expected a time such as 2022-09-15 03:10:02.421413000, found \"2022-09-15\""},
           {"2022-13-15 03:10:02,1", "found \"2022-13-15 03:10:02\""},
           {"2022-02-29 03:10:02,1", "found \"2022-02-29 03:10:02\""},
           {"2022-09-15 24:00:00,1", "found \"2022-09-15 24:00:00\""},
           {"2022-09-15 03:10:02.,1", "found \"2022-09-15 03:10:02.\""},
           {"2022-09-15 03:10:02.1234567890,1", "found \"2022-09-15 03:10:02.1234567890\""},
           {"9999-09-15 03:10:02,1", "found \"9999-09-15 03:10:02\""},
           {"2022-09-15 03:10:02.5,", "Power: expected milliwatts, a number from 0 on, found \"\""},
           {"2022-09-15 03:10:02.5,-1", "found \"-1\""},
           {"2022-09-15 03:10:02.5,nan", "found \"nan\""},
           {"2022-09-15 03:10:02.5,inf", "found \"inf\""},
           {"2022-09-15 03:10:02.5,58 W", "found \"58 W\""},
           {std::string("2022-09-15 03:10:02.5,\0", 23), "found \"?\""},
           {"2022-09-15 03:10:02.4,1", "is before the 2022-09-15 03:10:02.421413000 of the sample above"},
           {std::string(5000, 'x'), "expected 2 fields"}}) {
    std::string text = "Time,Power\n";
    text += good;
    const Read read(text + line + "\n" + good);
    EXPECT_THAT(read.message, HasSubstr("power.csv:3: ")) << line;
    EXPECT_THAT(read.message, HasSubstr(message));
    EXPECT_THAT(read.lines, ElementsAre(good));
  }
}

TEST(PowerLogTest, ALineWithoutEndIsNotReadForever) {
  size_t given = 0;
  const Result<PowerLogReader> reader =
      PowerLogReader::Open("power.csv", [&given](char* buffer, size_t size) -> Result<size_t> {
        std::memset(buffer, 'x', size);
        given += size;
        return size;
      });
  EXPECT_THAT(reader, IsError(ErrorCode::kInvalidData, "power.csv:1: the line is longer than 4096 bytes"));
  EXPECT_LT(given, size_t{1} << 20);
}

TEST(PowerLogTest, AFileThatIsSomethingElse) {
  EXPECT_EQ(Read("").message,
            "power.csv: the file has no complete line: expected a header line with the columns Time,Power");
  EXPECT_EQ(Read("Time,Power").message, Read("").message);
  EXPECT_THAT(Read("<html>\n").message,
              HasSubstr("power.csv:1: no column \"Time\": expected a header line with the columns Time,Power, found "
                        "\"<html>\""));
  EXPECT_THAT(Read("Time,Watts\n").message, HasSubstr("no column \"Power\""));
  EXPECT_THAT(Read("Time,Power,Time\n").message, HasSubstr("column \"Time\" stands twice"));
}

TEST(PowerLogTest, FilesThatCannotBeRead) {
  const TemporaryFolder folder;
  const std::filesystem::path absent = folder.path() / "absent.csv";
  EXPECT_THAT(PowerLogReader::Open(absent),
              IsError(ErrorCode::kNotFound, absent.string() + ": cannot open: No such file or directory"));
  EXPECT_THAT(PowerLogReader::Open(folder.path()), IsError(ErrorCode::kInvalidArgument, "cannot read: Is a directory"));
}

TEST(PowerLogTest, TheLastSampleIsFoundFromTheEnd) {
  const TemporaryFolder folder;
  const auto last = [&](const std::string& text) -> std::string {
    const auto sample = ReadLastPowerLogSample(folder.Write("power.csv", text));
    EXPECT_THAT(sample, IsOk());
    if (!sample || !*sample) return "none";
    std::string line;
    AppendPowerLogLine(**sample, &line);
    return line;
  };
  EXPECT_EQ(last(kText), "2024-02-29 23:59:59.999999999,1000000\n");
  EXPECT_EQ(last(kText + "2025-"), "2024-02-29 23:59:59.999999999,1000000\n");
  EXPECT_EQ(last("Time,Power\n"), "none");
  std::string longer = "Power,Time\n";
  for (int i = 10; i < 60; ++i) {
    for (int j = 10; j < 60; ++j) longer += "1000,2022-09-15 03:" + std::to_string(i) + ":" + std::to_string(j) + "\n";
  }
  EXPECT_EQ(last(longer), "2022-09-15 03:59:59.000000000,1000\n");
  EXPECT_THAT(ReadLastPowerLogSample("/dev/null"), IsError(ErrorCode::kInvalidArgument, "needs a regular file"));
}

TEST(PowerLogTest, TimesBeforeTheEpochAreWritten) {
  EXPECT_EQ(WallTimeText(WallTime(std::chrono::nanoseconds(-1))), "1969-12-31 23:59:59.999999999");
}

}  // namespace
}  // namespace zeus
