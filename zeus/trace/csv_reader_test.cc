#include "zeus/trace/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "zeus/trace/csv_text.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::array<std::string_view, 2> kWanted = {"name", "size"};

using Rows = std::vector<std::vector<std::string>>;

// All of a text's records as (name, size) texts; problems as text.
struct ReadAll {
  explicit ReadAll(std::string_view text) {
    Problems problems;
    CsvReader csv(text, "file.csv", kWanted, &problems);
    while (csv.Next()) rows.push_back({std::string(csv.Field(0)), std::string(csv.Field(1))});
    for (const Problem& problem : problems) messages.push_back(ToText(problem));
  }

  Rows rows;
  std::vector<std::string> messages;
};

TEST(CsvReaderTest, FindsColumnsByNameInAnyOrderAmongOthers) {
  const ReadAll read("size,color,name\n1,red,a\n2,blue,b\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("a", "1"), ElementsAre("b", "2")));
  EXPECT_THAT(read.messages, IsEmpty());
}

TEST(CsvReaderTest, TheLastLineNeedsNoLineBreak) {
  EXPECT_THAT(ReadAll("name,size\na,1").rows, ElementsAre(ElementsAre("a", "1")));
  EXPECT_THAT(ReadAll("name,size\na,").rows, ElementsAre(ElementsAre("a", "")));
}

TEST(CsvReaderTest, TakesCrlfLines) {
  const ReadAll read("name,size\r\na,1\r\n\"b\",\"2\"\r\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("a", "1"), ElementsAre("b", "2")));
  EXPECT_THAT(read.messages, IsEmpty());
}

TEST(CsvReaderTest, PassesOverBlankLines) {
  const ReadAll read("\n\r\nname,size\n\na,1\r\n\r\n\nb,2\n\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("a", "1"), ElementsAre("b", "2")));
  EXPECT_THAT(read.messages, IsEmpty());
}

TEST(CsvReaderTest, UndoesQuotes) {
  const ReadAll read("\"name\",size\n\"a,b\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"\"\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("a,b", "say \"hi\""), ElementsAre("two\nlines", "")));
  EXPECT_THAT(read.messages, IsEmpty());
}

TEST(CsvReaderTest, AQuoteInsideAFieldIsText) {
  EXPECT_THAT(ReadAll("name,size\na\"b,1\n").rows, ElementsAre(ElementsAre("a\"b", "1")));
}

TEST(CsvReaderTest, AnEmptyFileIsAProblem) {
  for (const char* text : {"", "\n", "\r\n\n"}) {
    EXPECT_THAT(ReadAll(text).messages,
                ElementsAre("file.csv: the file is empty: expected a header line with the columns name,size"));
  }
}

TEST(CsvReaderTest, AMissingColumnIsAProblemAndNothingIsRead) {
  const ReadAll read("name,length\na,1\n");
  EXPECT_THAT(read.messages,
              ElementsAre("file.csv:1: no column \"size\": expected a header line with the columns name,size"));
  EXPECT_THAT(read.rows, IsEmpty());
  EXPECT_THAT(ReadAll("a;b\n1;2\n").messages.size(), 2U) << "both columns are missing";
}

TEST(CsvReaderTest, AColumnNamedTwiceIsAProblemAndNothingIsRead) {
  const ReadAll read("name,size,name\na,1,b\n");
  EXPECT_THAT(read.messages, ElementsAre("file.csv:1:11: column \"name\" stands twice"));
  EXPECT_THAT(read.rows, IsEmpty());
}

TEST(CsvReaderTest, AnUnwantedColumnMayStandTwice) {
  EXPECT_THAT(ReadAll("name,x,size,x\na,,1,\n").messages, IsEmpty());
}

TEST(CsvReaderTest, WrongFieldCountsAreReportedAndPassedOver) {
  const ReadAll read("name,size\na\nb,2,3\nc,4\n");
  EXPECT_THAT(read.messages, ElementsAre("file.csv:2: expected 2 fields, as in the header, found 1",
                                         "file.csv:3: expected 2 fields, as in the header, found 3"));
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("c", "4")));
}

TEST(CsvReaderTest, AnUnclosedQuoteIsReportedWhereItOpens) {
  const ReadAll read("name,size\na,1\nb,\"2\nc,3\n");
  EXPECT_THAT(read.messages, ElementsAre("file.csv:3:3: this quote is never closed"));
}

TEST(CsvReaderTest, TextAfterAClosingQuoteIsReported) {
  const ReadAll read("name,size\n\"a\"x,1\nb,2\n");
  EXPECT_THAT(read.messages, ElementsAre("file.csv:2:1: text after a closing quote"));
  EXPECT_EQ(read.rows.back(), std::vector<std::string>({"b", "2"}));
}

// A reader at the first record of a text, and the problems that it finds.
struct FirstRecord {
  explicit FirstRecord(std::string_view content) : text(content), csv(text, "file.csv", kWanted, &problems) {
    found = csv.Next();
  }

  [[nodiscard]] std::string LastMessage() const { return problems.empty() ? "" : ToText(problems.back()); }

  std::string text;  // The reader gives views into it.
  Problems problems;
  CsvReader csv;
  bool found = false;
};

TEST(CsvReaderTest, ReadsFieldsByType) {
  FirstRecord record("name,size\na,12\n");
  ASSERT_TRUE(record.found);
  EXPECT_EQ(record.csv.line(), 2U);
  EXPECT_EQ(record.csv.Text(0), "a");
  EXPECT_EQ(record.csv.Number(1), 12.0);
  EXPECT_EQ(record.csv.PositiveNumber(1), 12.0);
  EXPECT_EQ(record.csv.PositiveInteger(1), 12);
  EXPECT_THAT(record.problems, IsEmpty());
}

TEST(CsvReaderTest, SaysWhereAndWhatWasExpected) {
  FirstRecord record("name,size\n,twelve\n");
  EXPECT_EQ(record.csv.Text(0), "");
  EXPECT_EQ(record.LastMessage(), "file.csv:2:1: name: expected a name, found nothing");
  EXPECT_EQ(record.csv.Number(1), std::nullopt);
  EXPECT_EQ(record.LastMessage(), "file.csv:2:2: size: expected a number, found \"twelve\"");
  EXPECT_EQ(record.csv.PositiveNumber(1), std::nullopt);
  EXPECT_EQ(record.LastMessage(), "file.csv:2:2: size: expected a number above 0, found \"twelve\"");
  EXPECT_EQ(record.csv.PositiveInteger(1), std::nullopt);
  EXPECT_EQ(record.LastMessage(), "file.csv:2:2: size: expected a whole number above 0, found \"twelve\"");
}

TEST(CsvReaderTest, NumbersAreFiniteAndWithinRange) {
  for (const char* text : {"inf", "nan", "1e999", "1,5", " 1", "1 ", "0x1", ""}) {
    FirstRecord record(std::string("name,size\na,\"") + text + "\"\n");
    EXPECT_EQ(record.csv.Number(1), std::nullopt) << text;
    EXPECT_EQ(record.csv.PositiveNumber(1), std::nullopt) << text;
  }
  for (const char* text : {"0", "-1", "-0.0"}) {
    FirstRecord record(std::string("name,size\na,") + text + "\n");
    EXPECT_NE(record.csv.Number(1), std::nullopt) << text;
    EXPECT_EQ(record.csv.PositiveNumber(1), std::nullopt) << text;
    EXPECT_EQ(record.csv.PositiveInteger(1), std::nullopt) << text;
  }
  for (const char* text : {"1.0", "1e3", "99999999999999999999"}) {
    FirstRecord record(std::string("name,size\na,") + text + "\n");
    EXPECT_EQ(record.csv.PositiveInteger(1), std::nullopt) << text;
  }
}

TEST(CsvReaderTest, ALongFieldIsNotRepeatedWhole) {
  const std::string text = "name,size\na," + std::string(1000000, 'x') + "\n";
  FirstRecord record(text);
  record.csv.Number(1);
  EXPECT_EQ(record.LastMessage(),
            "file.csv:2:3: size: expected a number, found \"" + std::string(40, 'x') + "...\" (1000000 bytes)");
}

TEST(CsvReaderTest, BugALongFieldWasCutInTheMiddleOfACharacter) {
  const std::string text = "name,size\na," + std::string(39, 'x') + "ößö\n";
  FirstRecord record(text);
  record.csv.Number(1);
  EXPECT_EQ(record.LastMessage(),
            "file.csv:2:3: size: expected a number, found \"" + std::string(39, 'x') + "...\" (45 bytes)");
}

TEST(CsvReaderTest, BugAProblemAfterAQuotedLineBreakNamedTheRecordsFirstLine) {
  FirstRecord record("name,size\n\"two\nlines\",x\n");
  record.csv.Number(1);
  EXPECT_EQ(record.LastMessage(), "file.csv:3:8: size: expected a number, found \"x\"");
}

TEST(CsvReaderTest, ReportsTheRecordAsAWhole) {
  FirstRecord record("name,size\n\na,1\n");
  record.csv.ReportRecord("too strange");
  EXPECT_EQ(record.LastMessage(), "file.csv:3: too strange");
}

TEST(CsvFieldTest, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(CsvField("plain"), "plain");
  EXPECT_EQ(CsvField(""), "");
  EXPECT_EQ(CsvField("with space"), "with space");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(CsvField("a\nb"), "\"a\nb\"");
  EXPECT_EQ(CsvField("a\r"), "\"a\r\"");
}

}  // namespace
}  // namespace zeus
