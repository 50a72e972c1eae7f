#include "zeus/trace/power_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

constexpr std::string_view kHeader = "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n";

struct Parsed {
  explicit Parsed(std::string_view rows, std::string_view header = kHeader) {
    const std::string text = std::string(header).append(rows);
    Problems problems;
    trace = ParsePowerTrace(text, "power.csv", &problems);
    for (const Problem& problem : problems) messages.push_back(ToText(problem));
  }

  PowerTrace trace;
  std::vector<std::string> messages;
};

TEST(PowerTraceTest, ReadsRowsInTheirOrder) {
  const Parsed parsed("squad,bert,32,adamw,175,27.13,106.5\nsquad,bert,16,adamw,112.5,3e1,99\n");
  EXPECT_THAT(parsed.messages, IsEmpty());
  ASSERT_EQ(parsed.trace.rows.size(), 2U);
  const PowerRow& row = parsed.trace.rows[0];
  EXPECT_EQ(ToText(parsed.trace.workloads[row.workload]), "squad/bert/adamw");
  EXPECT_EQ(row.batch_size, 32);
  EXPECT_EQ(row.power_limit, Watts(175));
  EXPECT_EQ(row.time_per_epoch, Seconds(27.13));
  EXPECT_EQ(row.average_power, Watts(106.5));
  EXPECT_EQ(parsed.trace.rows[1].power_limit, Watts(112.5));
}

TEST(PowerTraceTest, TextWhereANumberBelongsIsNamedByItsPlace) {
  const Parsed parsed(
      "a,b,8.0,sgd,100,1,1\n"
      "a,b,8,sgd,100W,1,1\n"
      "a,b,8,sgd,100,soon,1\n"
      "a,b,8,sgd,100,1,\n");
  EXPECT_THAT(parsed.messages, ElementsAre("power.csv:2:5: batch_size: expected a whole number above 0, found \"8.0\"",
                                           "power.csv:3:11: power_limit: expected a number above 0, found \"100W\"",
                                           "power.csv:4:15: time_per_epoch: expected a number above 0, found \"soon\"",
                                           "power.csv:5:17: average_power: expected a number above 0, found \"\""));
  EXPECT_THAT(parsed.trace.rows, IsEmpty());
}

TEST(PowerTraceTest, NumbersOutOfRangeAreRefused) {
  for (const char* row : {"a,b,0,sgd,100,1,1", "a,b,8,sgd,0,1,1", "a,b,8,sgd,-100,1,1", "a,b,8,sgd,nan,1,1",
                          "a,b,8,sgd,100,0,1", "a,b,8,sgd,100,-1,1", "a,b,8,sgd,100,inf,1", "a,b,8,sgd,100,1,0",
                          "a,b,8,sgd,100,1,-5", "a,b,8,sgd,100,1,nan"}) {
    const Parsed parsed(row);
    EXPECT_EQ(parsed.messages.size(), 1U) << row;
    EXPECT_THAT(parsed.trace.rows, IsEmpty()) << row;
  }
}

TEST(PowerTraceTest, ADuplicateRowIsReportedWithTheEarlierOne) {
  const Parsed parsed("a,b,8,sgd,100,1,1\na,b,8,sgd,125,1,1\n\na,b,8,sgd,100.0,2,2\n");
  EXPECT_THAT(parsed.messages,
              ElementsAre("power.csv:5: another row for the same job, batch size and power limit stands in line 2"));
}

TEST(PowerTraceTest, RowsThatDifferInOneKeyAreNoDuplicates) {
  EXPECT_THAT(Parsed("a,b,8,sgd,100,1,1\nx,b,8,sgd,100,1,1\na,x,8,sgd,100,1,1\na,b,9,sgd,100,1,1\n"
                     "a,b,8,adam,100,1,1\na,b,8,sgd,125,1,1\n")
                  .messages,
              IsEmpty());
}

TEST(PowerTraceTest, AFileThatIsSomethingElseNamesTheMissingColumns) {
  EXPECT_EQ(Parsed("", "<html>\n").messages.size(), 7U);
  EXPECT_THAT(Parsed("").messages, ElementsAre("power.csv: the file has no rows"));
}

TEST(PowerTraceTest, ReadsFilesAndNamesThem) {
  const TemporaryFolder folder;
  EXPECT_THAT(ReadPowerTrace(folder.Write("good.csv", std::string(kHeader) + "a,b,8,sgd,100,1,1\n")), IsOk());
  const std::filesystem::path absent = folder.path() / "absent.csv";
  EXPECT_THAT(ReadPowerTrace(absent), IsError(ErrorCode::kNotFound, absent.string() + ": cannot open"));
  const std::filesystem::path empty = folder.Write("empty.csv", "");
  EXPECT_THAT(ReadPowerTrace(empty), IsError(ErrorCode::kInvalidData, empty.string() + ": the file is empty"));
  const std::filesystem::path bad = folder.Write("bad.csv", std::string(kHeader) + "a,b,8,sgd,x,1,1\n");
  EXPECT_THAT(ReadPowerTrace(bad), IsError(ErrorCode::kInvalidData, bad.string() + ":2:11: power_limit: expected"));
  const std::filesystem::path utf16 = folder.Write("utf16.csv", std::string_view("\xFF\xFE"
                                                                                 "d\0",
                                                                                 4));
  EXPECT_THAT(ReadPowerTrace(utf16), IsError(ErrorCode::kInvalidData, utf16.string() + ":1:1: byte 0xff"));
}

TEST(PowerTraceTest, ReadsAFileWithAByteOrderMark) {
  const TemporaryFolder folder;
  EXPECT_THAT(ReadPowerTrace(folder.Write("excel.csv", "\xEF\xBB\xBF" + std::string(kHeader) + "a,b,8,sgd,9,1,1\r\n")),
              IsOk());
}

TEST(PowerTraceTest, WritesWhatItReads) {
  const std::string text = std::string(kHeader) +
                           "cifar100,shufflenetv2,1024,adadelta,100,27.130000000000003,106.88881213499654\n"
                           "\"a,b\",c,8,sgd,112.5,3.0,1e-05\n";
  Problems problems;
  EXPECT_EQ(ToCsv(ParsePowerTrace(text, "power.csv", &problems)), text);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(PowerTraceTest, ThePublishedTracesAreFreeOfProblems) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  for (const auto& [gpu, rows] : {std::pair("a40", 453U), {"p100", 270U}, {"rtx6000", 410U}, {"v100", 476U}}) {
    const std::string name = std::string("summary_power_").append(gpu).append(".csv");
    ZEUS_ASSERT_OK_AND_ASSIGN(const PowerTrace trace, ReadPowerTrace(testing::SharedFolder() / "traces" / name));
    EXPECT_EQ(trace.rows.size(), rows) << gpu;
  }
}

}  // namespace
}  // namespace zeus
