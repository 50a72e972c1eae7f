#include "capriccio/row_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/result_matchers.h"

namespace zeus::capriccio {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using ::testing::StartsWith;

constexpr const char* kDate = "\"Fri May 01 00:00:00 PDT 2009\"";

struct Rows {
  std::string lines;
  std::string error;
  uint64_t damaged = 0;
  std::vector<std::string> damages;
};

Rows Read(std::string_view text, TextLayout layout = {}, OnDamage on_damage = OnDamage::kFail, size_t piece = 1 << 20) {
  Rows rows;
  auto reader = RowReader::Open(
      "file",
      [text, piece, at = size_t{0}](char* buffer, size_t size) mutable -> Result<size_t> {
        const size_t count = std::min({piece, size, text.size() - at});
        std::memcpy(buffer, text.data() + at, count);
        at += count;
        return count;
      },
      std::move(layout), on_damage);
  if (!reader) {
    rows.error = reader.error().message;
    return rows;
  }
  while (true) {
    const auto time = reader->Next(&rows.lines);
    if (!time) rows.error = time.error().message;
    if (!time || !*time) break;
  }
  rows.damaged = reader->damaged();
  rows.damages = reader->damages();
  return rows;
}

std::string Tweet(const std::string& text) {
  return std::string("\"0\",\"7\",") + kDate + ",\"NO_QUERY\",\"me\",\"" + text + "\"\n";
}

std::string Line(const std::string& text) {
  return R"({"label":0,"id":7,"date":"Fri May 01 00:00:00 PDT 2009","text":")" + text + "\"}\n";
}

TEST(RowReaderTest, WritesThePublishedRowsWithoutQueryAndUser) {
  EXPECT_EQ(Read(Tweet("hello, world")).lines, Line("hello, world"));
}

TEST(RowReaderTest, Latin1AndWhatJsonEscapes) {
  EXPECT_EQ(Read(Tweet("caf\xe9 \"\"x\"\" \\ \t\x01\r")).lines, Line("caf\xc3\xa9 \\\"x\\\" \\\\ \\t\\u0001\\r"));
  EXPECT_EQ(Read(Tweet("two\nlines")).lines, Line("two\\nlines"));
  EXPECT_EQ(Read(Tweet("caf\xc3\xa9"), {.encoding = Encoding::kUtf8}).lines, Line("caf\xc3\xa9"));
  EXPECT_EQ(Read(Tweet("ok") + Tweet("caf\xe9"), {.encoding = Encoding::kUtf8}).error,
            "file:2:1: the row is not UTF-8 text");
}

TEST(RowReaderTest, ReadsAnyLineEndsAndPieces) {
  const std::string text =
      "\n" + Tweet("a") + "\r\n" + Tweet("\"\"") + "0,7,Fri May 01 00:00:00 PDT 2009,,,c\r\n" + Tweet("d");
  const std::string without_end = text.substr(0, text.size() - 1);
  const std::string expected = Line("a") + Line("\\\"") + Line("c") + Line("d");
  for (const size_t piece : {1U, 2U, 3U, 1000U}) {
    EXPECT_EQ(Read(text, {}, OnDamage::kFail, piece).lines, expected) << piece;
    EXPECT_EQ(Read(without_end, {}, OnDamage::kFail, piece).lines, expected) << piece;
  }
}

TEST(RowReaderTest, DamageIsToldWithItsPlace) {
  const std::string good = Tweet("one\nrow");
  EXPECT_EQ(Read(good + "\"0\",\"7\"\n").error,
            "file:3:1: expected 6 fields (polarity, id, date, query, user, text), found 2");
  EXPECT_EQ(Read(good + "0,7,May 1,,,x\n").error,
            "file:3:5: date: expected a date like %a %b %d %H:%M:%S %Z %Y, found \"May 1\"");
  EXPECT_EQ(Read("0,seven,Fri May 01 00:00:00 PDT 2009,,,x\n").error,
            "file:1:3: id: expected a whole number, found \"seven\"");
  EXPECT_EQ(Read(std::string("\"\",7,") + kDate + ",,,x\n").error, "file:1:1: polarity: the label is empty");
  EXPECT_EQ(Read("0,\"7\"x,\n").error,
            "file:1:6: expected a comma or the end of the line after the closing quote, found byte 0x78");
  EXPECT_EQ(Read("0,7\"x,\n").error, "file:1:4: a quote within a field that is not quoted");
  EXPECT_EQ(Read("0,\"7\n").error, "file:1:3: the closing quote is missing");
  EXPECT_EQ(Read("0,\"" + std::string(3 << 20, 'x')).error,
            "file:1:1: the row is longer than 1 MiB: is a closing quote missing?");
}

TEST(RowReaderTest, DamagedRowsCanBePassedOver) {
  const std::string text = Tweet("a") + "nonsense\n" + "0,\"7\n" + Tweet("b") + "0,\"" + std::string(3 << 20, 'x') +
                           "\n" + Tweet("c") + "1\n2\n" + "\"open";
  const Rows rows = Read(text, {}, OnDamage::kSkip, 1000);
  EXPECT_EQ(rows.error, "");
  EXPECT_EQ(rows.lines, Line("a") + Line("b") + Line("c"));
  EXPECT_EQ(rows.damaged, 6U);
  EXPECT_THAT(rows.damages, ElementsAre(StartsWith("file:2:1: "), StartsWith("file:4:2: "), StartsWith("file:5:1: ")));
}

TEST(RowReaderTest, OtherColumns) {
  const TextLayout layout = {.has_header = true, .label = "stars", .date = "when", .date_format = "%F"};
  const std::string text = "when,stars,review,user\n2020-01-02,5,nice,ann\n";
  EXPECT_EQ(Read(text, layout).lines, "{\"when\":\"2020-01-02\",\"label\":\"5\",\"review\":\"nice\"}\n");
  TextLayout more = layout;
  more.numbers = {"stars"};
  more.left_out = std::vector<std::string>();
  EXPECT_EQ(Read("\xEF\xBB\xBF" + text, more).lines,
            "{\"when\":\"2020-01-02\",\"label\":5,\"review\":\"nice\",\"user\":\"ann\"}\n");
  more.left_out = {"query"};
  EXPECT_EQ(Read(text, more).error,
            "left-out fields: there is no column \"query\"; there are: when, stars, review, user");
  EXPECT_EQ(Read("when,label,stars\n", layout).error,
            "columns: \"label\" is there beside the label \"stars\"; leave one of them out");
  EXPECT_EQ(Read("a,stars\n", layout).error, "date: there is no column \"when\"; there are: a, stars");
  EXPECT_EQ(Read("a,a\n", layout).error, "columns: \"a\" is named twice");
  EXPECT_EQ(Read("", layout).error, "file:1: expected a header that names the columns");
}

TEST(RowReaderTest, NamesOfColumnsAreInTheEncodingOfTheText) {
  TextLayout layout = {.has_header = true, .label = "\xc3\xa9t\xc3\xa9", .date = "a\"b", .date_format = "%F"};
  const std::string row = "2020-01-02,5,x\n";
  const std::string line = "{\"a\\\"b\":\"2020-01-02\",\"label\":\"5\",\"caf\xc3\xa9\":\"x\"}\n";
  EXPECT_EQ(Read("\"a\"\"b\",\xe9t\xe9,caf\xe9\n" + row, layout).lines, line);
  layout.encoding = Encoding::kUtf8;
  EXPECT_EQ(Read("\"a\"\"b\",\xc3\xa9t\xc3\xa9,caf\xc3\xa9\n" + row, layout).lines, line);
  EXPECT_EQ(Read("\"a\"\"b\",\xc3\xa9t\xc3\xa9,caf\xe9\n" + row, layout).error,
            "columns: the name \"caf?\" is not UTF-8 text");
}

TEST(RowReaderTest, JsonLines) {
  const TextLayout layout = {.format = TextFormat::kJsonLines, .label = "y", .date = "t", .date_format = "%s"};
  EXPECT_EQ(
      Read("{\"t\": 5, \"user\": 1, \"y\": [\"a\", null], \"x\": {\"b\": 0.1}}\n\n{\"y\":true,\"t\":\"6\"}", layout)
          .lines,
      "{\"t\":5,\"label\":[\"a\",null],\"x\":{\"b\":0.1}}\n{\"label\":true,\"t\":\"6\"}\n");
  EXPECT_THAT(Read("{\"t\":5,\"y\":1}\n{\n", layout).error, StartsWith("file:2:1: the row"));
  EXPECT_EQ(Read("[1]\n", layout).error, "file:1:1: expected a JSON object, found \"[1]\"");
  EXPECT_EQ(Read("{\"t\":5}\n", layout).error, "file:1:1: has no label \"y\"");
  EXPECT_EQ(Read("{\"y\":5}\n", layout).error, "file:1:1: has no date \"t\"");
  EXPECT_EQ(Read("{\"y\":5,\"t\":\"x\"}\n", layout).error, "file:1:1: t: expected a date like %s, found \"x\"");
  EXPECT_EQ(Read("{\"y\":5,\"t\":1,\"label\":2}\n", layout).error,
            "file:1:1: has a field \"label\" beside the label \"y\"");
}

TEST(RowReaderTest, AnErrorOfTheInputIsNoDamage) {
  auto reader = RowReader::Open(
      "file", [](char*, size_t) -> Result<size_t> { return Fail(ErrorCode::kUnavailable, "the disk is gone"); }, {},
      OnDamage::kSkip);
  EXPECT_THAT(reader, IsError(ErrorCode::kUnavailable, "the disk is gone"));
}

}  // namespace
}  // namespace zeus::capriccio
