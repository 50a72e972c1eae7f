#include "zeus/trace/train_trace.h"

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

constexpr std::string_view kHeader =
    "dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n";
constexpr auto kInvalid = ErrorCode::kInvalidData;

struct Parsed {
  explicit Parsed(std::string_view rows, std::string_view header = kHeader) {
    const std::string text = std::string(header).append(rows);
    Problems problems;
    trace = ParseTrainTrace(text, "train.csv", &problems);
    for (const Problem& problem : problems) messages.push_back(ToText(problem));
  }

  TrainTrace trace;
  std::vector<std::string> messages;
};

TEST(TrainTraceTest, ReadsRowsInTheirOrder) {
  const Parsed parsed(
      "cifar100,shufflenetv2,1024,adadelta,1e-1,1,0.6,12\n"
      "squad,bert,32,adamw,4e-07,2,84,3\n"
      "cifar100,shufflenetv2,8,adadelta,0.1,1,0.6,nan\n");
  EXPECT_THAT(parsed.messages, IsEmpty());
  const std::vector<TrainRow>& rows = parsed.trace.rows;
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(parsed.trace.workloads.all().size(), 2U);
  EXPECT_EQ(ToText(parsed.trace.workloads[rows[0].workload]), "cifar100/shufflenetv2/adadelta");
  EXPECT_EQ(ToText(parsed.trace.workloads[rows[1].workload]), "squad/bert/adamw");
  EXPECT_EQ(rows[2].workload, rows[0].workload);
  EXPECT_EQ(rows[0].batch_size, 1024);
  EXPECT_EQ(rows[0].learning_rate, 0.1);
  EXPECT_EQ(rows[1].run, 2);
  EXPECT_EQ(rows[1].target_metric, 84);
  EXPECT_EQ(rows[0].target_epoch, 12);
  EXPECT_EQ(rows[2].target_epoch, std::nullopt);
}

TEST(TrainTraceTest, NeverReachedIsNanOrNothing) {
  const Parsed parsed(
      "a,b,1,sgd,0.1,1,0.5,\na,b,2,sgd,0.1,1,0.5,nan\na,b,3,sgd,0.1,1,0.5,NaN\na,b,4,sgd,0.1,1,0.5,7.0");
  EXPECT_THAT(parsed.messages, IsEmpty());
  ASSERT_EQ(parsed.trace.rows.size(), 4U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(parsed.trace.rows[i].target_epoch, std::nullopt) << i;
  EXPECT_EQ(parsed.trace.rows[3].target_epoch, 7);
}

TEST(TrainTraceTest, TextWhereANumberBelongsIsNamedByItsPlace) {
  const Parsed parsed(
      "a,b,eight,sgd,0.1,1,0.5,3\n"
      "a,b,8,sgd,fast,1,0.5,3\n"
      "a,b,8,sgd,0.1,first,0.5,3\n"
      "a,b,8,sgd,0.1,1,good,3\n"
      "a,b,8,sgd,0.1,1,0.5,soon\n"
      "a,b,8,sgd,0.1,1,0.5,3\n");
  EXPECT_THAT(parsed.messages,
              ElementsAre("train.csv:2:5: batch_size: expected a whole number above 0, found \"eight\"",
                          "train.csv:3:11: learning_rate: expected a number above 0, found \"fast\"",
                          "train.csv:4:15: run: expected a whole number above 0, found \"first\"",
                          "train.csv:5:17: target_metric: expected a number, found \"good\"",
                          "train.csv:6:21: target_epoch: expected a whole number of epochs above 0, or nothing or nan "
                          "for never, found \"soon\""));
  EXPECT_EQ(parsed.trace.rows.size(), 1U) << "only good rows are kept";
}

TEST(TrainTraceTest, NumbersOutOfRangeAreRefused) {
  for (const char* row :
       {"a,b,0,sgd,0.1,1,0.5,3", "a,b,-8,sgd,0.1,1,0.5,3", "a,b,8.5,sgd,0.1,1,0.5,3",
        "a,b,99999999999999999999,sgd,0.1,1,0.5,3", "a,b,8,sgd,0,1,0.5,3", "a,b,8,sgd,inf,1,0.5,3",
        "a,b,8,sgd,0.1,0,0.5,3", "a,b,8,sgd,0.1,1,nan,3", "a,b,8,sgd,0.1,1,0.5,0", "a,b,8,sgd,0.1,1,0.5,-1",
        "a,b,8,sgd,0.1,1,0.5,2.5", "a,b,8,sgd,0.1,1,0.5,inf", "a,b,8,sgd,0.1,1,0.5,1e300"}) {
    const Parsed parsed(row);
    EXPECT_EQ(parsed.messages.size(), 1U) << row;
    EXPECT_THAT(parsed.trace.rows, IsEmpty()) << row;
  }
}

TEST(TrainTraceTest, NamesMayNotBeEmpty) {
  EXPECT_THAT(Parsed(",,8,,0.1,1,0.5,3\n").messages,
              ElementsAre("train.csv:2:1: dataset: expected a name, found nothing",
                          "train.csv:2:2: network: expected a name, found nothing",
                          "train.csv:2:5: optimizer: expected a name, found nothing"));
}

TEST(TrainTraceTest, ADuplicateRowIsReportedWithTheEarlierOne) {
  const Parsed parsed(
      "a,b,8,sgd,0.1,1,0.5,3\n"
      "a,b,8,sgd,0.1,2,0.5,3\n"
      "a,b,8,sgd,0.10,1,0.5,4\n"
      "a,b,8,sgd,1e-1,1,0.50,5\n");
  EXPECT_THAT(parsed.messages,
              ElementsAre("train.csv:4: another row for the same job, batch size, learning rate, run and target metric "
                          "stands in line 2",
                          "train.csv:5: another row for the same job, batch size, learning rate, run and target metric "
                          "stands in line 4"));
}

TEST(TrainTraceTest, RowsThatDifferInOneKeyAreNoDuplicates) {
  EXPECT_THAT(Parsed("a,b,8,sgd,0.1,1,0.5,3\nx,b,8,sgd,0.1,1,0.5,3\na,x,8,sgd,0.1,1,0.5,3\na,b,9,sgd,0.1,1,0.5,3\n"
                     "a,b,8,adam,0.1,1,0.5,3\na,b,8,sgd,0.2,1,0.5,3\na,b,8,sgd,0.1,2,0.5,3\na,b,8,sgd,0.1,1,0.6,3\n")
                  .messages,
              IsEmpty());
}

TEST(TrainTraceTest, ATruncatedRowIsReported) {
  EXPECT_THAT(Parsed("a,b,8,sgd,0.1,1,0.5,3\na,b,8,sg").messages,
              ElementsAre("train.csv:3: expected 8 fields, as in the header, found 4"));
}

TEST(TrainTraceTest, AFileWithoutRowsIsAProblem) {
  EXPECT_THAT(Parsed("").messages, ElementsAre("train.csv: the file has no rows"));
  EXPECT_EQ(Parsed("", "").messages.size(), 1U);
}

TEST(TrainTraceTest, MissingColumnsAreNamed) {
  const Parsed parsed("a,b,8\n", "dataset,network,batch_size\n");
  EXPECT_EQ(parsed.messages.size(), 5U);
  EXPECT_EQ(parsed.messages.front().find("train.csv:1: no column \"optimizer\": expected a header line with"), 0U)
      << parsed.messages.front();
}

TEST(TrainTraceTest, ReadsFilesAndNamesThem) {
  const TemporaryFolder folder;
  const std::filesystem::path good = folder.Write("good.csv", std::string(kHeader) + "a,b,8,sgd,0.1,1,0.5,3\n");
  EXPECT_THAT(ReadTrainTrace(good), IsOk());
  const std::filesystem::path absent = folder.path() / "absent.csv";
  EXPECT_THAT(ReadTrainTrace(absent), IsError(ErrorCode::kNotFound, absent.string() + ": cannot open"));
  EXPECT_THAT(ReadTrainTrace(folder.path()), IsError(ErrorCode::kInvalidArgument, "Is a directory"));
  const std::filesystem::path empty = folder.Write("empty.csv", "");
  EXPECT_THAT(ReadTrainTrace(empty), IsError(kInvalid, empty.string() + ": the file is empty"));
  const std::filesystem::path binary = folder.Write("binary.csv", std::string(kHeader) + "a,b\xFF,8\n");
  EXPECT_THAT(ReadTrainTrace(binary), IsError(kInvalid, binary.string() + ":2:4: byte 0xff is not UTF-8 text"));
}

TEST(TrainTraceTest, AFileWithProblemsIsRefusedWithTheFirstAndTheirNumber) {
  const TemporaryFolder folder;
  const std::filesystem::path bad =
      folder.Write("bad.csv", std::string(kHeader) + "a,b,x,sgd,0.1,1,0.5,3\na,b,8,sgd,0.1,1,0.5,x\n");
  EXPECT_THAT(ReadTrainTrace(bad), IsError(kInvalid, bad.string() + ":2:5: batch_size: expected"));
  EXPECT_THAT(ReadTrainTrace(bad), IsError(kInvalid, "(and 1 more; `zeus trace check` lists them all)"));
}

TEST(TrainTraceTest, WritesWhatItReads) {
  const std::string text = std::string(kHeader) +
                           "cifar100,shufflenetv2,1024,adadelta,0.1,1,0.6,12\n"
                           "\"a,b\",\"say \"\"hi\"\"\",8,sgd,4e-07,1,84.0,nan\n";
  Problems problems;
  EXPECT_EQ(ToCsv(ParseTrainTrace(text, "train.csv", &problems)), text);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(TrainTraceTest, ThePublishedTraceIsFreeOfProblems) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace trace,
                            ReadTrainTrace(testing::SharedFolder() / "traces" / "summary_train.csv"));
  EXPECT_EQ(trace.rows.size(), 3759U);
  EXPECT_EQ(trace.workloads[trace.rows.front().workload].dataset, "cifar100");
}

}  // namespace
}  // namespace zeus
