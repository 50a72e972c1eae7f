#include "zeus/simulator/joined_trace.h"

#include <gmock/gmock.h>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/small_traces.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;
using ::testing::Optional;
using ::testing::SizeIs;
using testing::SmallJob;
using testing::SmallTraces;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

TEST(JoinedTraceTest, MaxPowerIsTheLargestLimitOfTheWholeJoin) {
  // 250 W stands at another workload; 275 W and 400 W stand at rows that were never trained.
  EXPECT_EQ(SmallTraces().max_power(), Watts(250));
}

TEST(JoinedTraceTest, HoldsTheWorkloadsThatStandInBothTraces) {
  EXPECT_THAT(SmallTraces().workloads(), ElementsAre(Workload{"pictures", "small", "adam"},  //
                                                     Workload{"words", "large", "sgd"}));
}

TEST(JoinedTraceTest, BatchSizesAreThoseOfBothTracesWhateverTheTarget) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto batch_sizes, SmallTraces().BatchSizes(SmallJob().workload));
  EXPECT_THAT(batch_sizes, ElementsAre(16, 32, 64, 128));
}

TEST(JoinedTraceTest, TargetMetricsAreSortedAndEachOnce) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto targets, SmallTraces().TargetMetrics(SmallJob().workload));
  EXPECT_THAT(targets, ElementsAre(0.4, 0.5));
}

TEST(JoinedTraceTest, TracesWithoutACommonRowAreRefused) {
  EXPECT_THAT(testing::Join("a,n,8,sgd,0.1,1,20,7\n", "b,n,8,sgd,250,3,240\n"),
              IsError(ErrorCode::kInvalidData, "stands in the train trace"));
  EXPECT_THAT(testing::Join("a,n,8,sgd,0.1,1,20,7\n", "a,n,16,sgd,250,3,240\n"),
              IsError(ErrorCode::kInvalidData, "stands in the train trace"));
}

TEST(JoinedTraceTest, SelectsTheJobsRows) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobTrace trace, SmallTraces().Select(SmallJob()));
  EXPECT_EQ(trace.max_power, Watts(250));
  EXPECT_THAT(trace.space.batch_sizes(), ElementsAre(16, 32, 64, 128));
  EXPECT_THAT(trace.space.choices()[1].power_limits, ElementsAre(Watts(100), Watts(200)));
  ASSERT_THAT(trace.batch_sizes, SizeIs(4));
  const RecordedBatchSize* const recorded = trace.Find(32);
  ASSERT_NE(recorded, nullptr);
  EXPECT_THAT(recorded->target_epochs, ElementsAre(Optional(3), Optional(5)));
  ASSERT_THAT(recorded->limits, SizeIs(2));
  EXPECT_EQ(recorded->limits[0].power_limit, Watts(100));  // The power trace has 200 W first.
  EXPECT_EQ(recorded->limits[0].time_per_epoch, Seconds(8));
  EXPECT_EQ(recorded->limits[0].average_power, Watts(90));
  EXPECT_EQ(recorded->limits[0].energy_per_epoch(), Joules(720));
  EXPECT_THAT(trace.Find(64)->target_epochs, ElementsAre(std::nullopt, Optional(4)));
}

TEST(JoinedTraceTest, RunsKeepTheTrainTracesOrder) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace joined, testing::Join("a,n,8,sgd,0.1,3,20,7\n"
                                                                    "a,n,8,sgd,0.1,1,20,9\n"
                                                                    "a,n,8,sgd,0.1,2,20,8\n",
                                                                    "a,n,8,sgd,250,3,240\n"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobTrace trace, joined.Select({.workload = {"a", "n", "sgd"},
                                                                 .target_metric = 20,
                                                                 .max_epochs = 10,
                                                                 .default_batch_size = 8,
                                                                 .default_learning_rate = {},
                                                                 .workdir = {}}));
  EXPECT_THAT(trace.Find(8)->target_epochs, ElementsAre(Optional(7), Optional(9), Optional(8)));
}

TEST(JoinedTraceTest, BatchSizesWithoutTheTargetStayFeasible) {
  JobIdentity job = SmallJob();
  job.target_metric = 0.4;
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobTrace trace, SmallTraces().Select(job));
  EXPECT_THAT(trace.space.batch_sizes(), ElementsAre(16, 32, 64, 128));
  EXPECT_THAT(trace.batch_sizes, SizeIs(1));
  EXPECT_EQ(trace.Find(16), nullptr);
  EXPECT_EQ(trace.DefaultRecurrences(), 2 * 1 * 2);
}

TEST(JoinedTraceTest, TheDefaultHorizonCountsBatchSizesAndLimits) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobTrace trace, SmallTraces().Select(SmallJob()));
  EXPECT_EQ(trace.DefaultRecurrences(), 2 * 4 * 2);
}

TEST(JoinedTraceTest, AnUnknownWorkloadIsAnsweredWithThoseThereAre) {
  JobIdentity job = SmallJob();
  job.workload.network = "huge";
  const auto unknown =
      IsError(kInvalid, "no workload pictures/huge/adam; they hold: pictures/small/adam, words/large/sgd");
  EXPECT_THAT(SmallTraces().Select(job), unknown);
  EXPECT_THAT(SmallTraces().BatchSizes(job.workload), unknown);
  EXPECT_THAT(SmallTraces().TargetMetrics(job.workload), unknown);
  job.workload = {"unpowered", "large", "sgd"};  // Only in the train trace.
  EXPECT_THAT(SmallTraces().Select(job), IsError(kInvalid, "they hold: pictures/small/adam"));
}

TEST(JoinedTraceTest, AnUnknownTargetIsAnsweredWithThoseThereAre) {
  JobIdentity job = SmallJob();
  job.target_metric = 0.45;
  EXPECT_THAT(SmallTraces().Select(job),
              IsError(kInvalid, "no target metric 0.45 of pictures/small/adam; they hold: 0.4, 0.5"));
}

TEST(JoinedTraceTest, AnUnknownDefaultIsAnsweredWithTheBatchSizesThereAre) {
  JobIdentity job = SmallJob();
  job.default_batch_size = 48;
  EXPECT_THAT(SmallTraces().Select(job),
              IsError(kInvalid, "no batch size 48 of pictures/small/adam; they hold: 16, 32"));
}

TEST(JoinedTraceTest, AnImpossibleJobIsRefused) {
  JobIdentity job = SmallJob();
  job.max_epochs = 0;
  EXPECT_THAT(SmallTraces().Select(job), IsError(kInvalid, "max_epochs is 0"));
}

}  // namespace
}  // namespace zeus
