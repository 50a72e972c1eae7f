#include "zeus/trace/trace_append.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "zeus/trace/synthetic_presets.h"
#include "zeus/trace/workload_list.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

constexpr const char* kTrain =
    "dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n"
    "a,n,8,sgd,1e-1,1,0.5,3\n";

TrainTrace Trace(const std::string& dataset, int64_t target_epoch) {
  TrainTrace trace;
  trace.rows.push_back({.workload = trace.workloads.Intern(dataset, "n", "sgd"),
                        .batch_size = 8,
                        .learning_rate = 0.1,
                        .run = 1,
                        .target_metric = 0.5,
                        .target_epoch = target_epoch});
  return trace;
}

TEST(TraceAppendTest, WorkloadsComeOneAfterTheOther) {
  TrainTrace trace = Trace("a", 3);
  ASSERT_THAT(Append(Trace("b", 4), &trace), IsOk());
  ASSERT_EQ(trace.rows.size(), 2U);
  EXPECT_EQ(trace.workloads[trace.rows[1].workload].dataset, "b");
}

TEST(TraceAppendTest, TheSameRowsAreAddedOnce) {
  TrainTrace trace = Trace("a", 3);
  ASSERT_THAT(Append(Trace("a", 3), &trace), IsOk());
  EXPECT_EQ(trace.rows.size(), 1U);
}

TEST(TraceAppendTest, OtherRowsOfTheSameWorkloadAreRefusedAndNothingIsAdded) {
  TrainTrace trace = Trace("a", 3);
  TrainTrace added = Trace("b", 4);
  ASSERT_THAT(Append(Trace("a", 5), &added), IsOk());
  EXPECT_THAT(Append(added, &trace), IsError(ErrorCode::kInvalidArgument, "the train trace holds a/n/sgd already"));
  EXPECT_EQ(trace.rows.size(), 1U);
  EXPECT_EQ(trace.workloads.all().size(), 1U);
}

TEST(TraceAppendTest, APowerTraceGrowsByAPreset) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PowerTrace trace, GeneratePowerTrace(SyntheticPresets()[0].workload, {}));
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerTrace more, GeneratePowerTrace(SyntheticPresets()[1].workload, {}));
  const size_t before = trace.rows.size();
  ASSERT_THAT(Append(more, &trace), IsOk());
  EXPECT_EQ(trace.rows.size(), before + more.rows.size());
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerTrace faster, GeneratePowerTrace(SyntheticPresets()[0].workload, {.speed = 2}));
  EXPECT_THAT(Append(faster, &trace), IsError(ErrorCode::kInvalidArgument, "the power trace holds"));
}

TEST(TraceAppendTest, WhatStandsInAFileStaysAsItIs) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string text, AppendToCsv(kTrain, "t.csv", Trace("b", 4)));
  EXPECT_EQ(text, std::string(kTrain) + "b,n,8,sgd,0.1,1,0.5,4\n");
}

TEST(TraceAppendTest, AMissingLineBreakAtTheEndIsMadeUpFor) {
  std::string text = kTrain;
  text.pop_back();
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string grown, AppendToCsv(text, "t.csv", Trace("b", 4)));
  EXPECT_EQ(grown, std::string(kTrain) + "b,n,8,sgd,0.1,1,0.5,4\n");
}

TEST(TraceAppendTest, AnEmptyTextBecomesAWholeFile) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string text, AppendToCsv("", "t.csv", Trace("b", 4)));
  EXPECT_EQ(text, ToCsv(Trace("b", 4)));
}

TEST(TraceAppendTest, AFileWithOtherColumnsIsRefused) {
  const std::string text =
      "network,dataset,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\nn,a,8,sgd,1,1,0.5,3\n";
  EXPECT_THAT(AppendToCsv(text, "t.csv", Trace("b", 4)),
              IsError(ErrorCode::kFailedPrecondition, "t.csv: cannot be added to"));
}

TEST(TraceAppendTest, ADamagedFileIsRefused) {
  EXPECT_THAT(AppendToCsv(std::string(kTrain) + "a,n,8\n", "t.csv", Trace("b", 4)),
              IsError(ErrorCode::kInvalidData, "t.csv:3: "));
}

TEST(TraceAppendTest, AListOfWorkloadsHasOneJobForEachDataset) {
  const JobIdentity job = DefaultJob(SyntheticWorkload());
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string one, AppendToCsv("", "w.csv", job));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string same, AppendToCsv(one, "w.csv", job));
  EXPECT_EQ(one, same);
  JobIdentity other = job;
  other.max_epochs = 7;
  EXPECT_THAT(AppendToCsv(one, "w.csv", other),
              IsError(ErrorCode::kInvalidArgument, "w.csv: the list of workloads holds another job for the data set"));
}

}  // namespace
}  // namespace zeus
