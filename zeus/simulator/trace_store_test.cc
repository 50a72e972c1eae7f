#include "zeus/simulator/trace_store.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/simulator/known_workloads.h"

namespace zeus {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;
using ::testing::SizeIs;

constexpr std::string_view kTrain =
    "dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n"
    "cifar100,shufflenetv2,1024,adadelta,0.1,1,0.6,30\n"
    "cifar100,shufflenetv2,512,adadelta,0.1,1,0.6,25\n"
    "cifar100,shufflenetv2,256,adadelta,0.1,1,0.6,20\n"
    "squad,bert_base_uncased,32,adamw,0.1,1,84.0,3\n";

constexpr std::string_view kPowerHeader =
    "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n";

// A folder with a GPU "large" that holds every batch size and a GPU "small" that holds them up to 512.
class TraceStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string power(kPowerHeader);
    power += "cifar100,shufflenetv2,256,adadelta,100,10,80\ncifar100,shufflenetv2,512,adadelta,100,9,85\n";
    std::ignore = folder_.Write("summary_train.csv", kTrain);
    std::ignore = folder_.Write("summary_power_small.csv", power);
    power += "cifar100,shufflenetv2,1024,adadelta,100,8,90\n";
    std::ignore = folder_.Write("summary_power_large.csv", power);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(TraceStoreTest, JoinsAGpusTraceOnce) {
  ZEUS_ASSERT_OK_AND_ASSIGN(TraceStore store, TraceStore::Open(folder_.path()));
  EXPECT_THAT(store.gpus(), ElementsAre("large", "small"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const first, store.ForGpu("small"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const again, store.ForGpu("small"));
  EXPECT_EQ(first, again);
  EXPECT_THAT(store.ForGpu("huge"), IsError(ErrorCode::kInvalidArgument, "there are: large, small"));
}

TEST_F(TraceStoreTest, ADefaultIsNoLargerThanWhatTheGpuHolds) {
  ZEUS_ASSERT_OK_AND_ASSIGN(TraceStore store, TraceStore::Open(folder_.path()));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const large, store.ForGpu("large"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const small, store.ForGpu("small"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobIdentity on_large, store.Workload("cifar100", *large));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobIdentity on_small, store.Workload("cifar100", *small));
  EXPECT_EQ(on_large.default_batch_size, 1024);
  EXPECT_EQ(on_small.default_batch_size, 512);
}

TEST_F(TraceStoreTest, AWorkloadThatTheGpuDoesNotHoldIsAnError) {
  ZEUS_ASSERT_OK_AND_ASSIGN(TraceStore store, TraceStore::Open(folder_.path()));
  ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const trace, store.ForGpu("large"));
  EXPECT_THAT(store.Workload("squad", *trace), IsError(ErrorCode::kInvalidArgument, "they hold: cifar100"));
  EXPECT_THAT(store.Workload("mnist", *trace), IsError(ErrorCode::kInvalidArgument, "\"mnist\"; there are: cifar100"));
  EXPECT_THAT(store.WorkloadsOf(*trace), SizeIs(1));
}

TEST_F(TraceStoreTest, AnErrorInAFileNamesIt) {
  const auto train = folder_.Write("summary_train.csv", "dataset\n");
  EXPECT_THAT(TraceStore::Open(folder_.path()), IsError(ErrorCode::kInvalidData, train.string()));
}

TEST_F(TraceStoreTest, AGpuWithoutARowInCommonIsNamed) {
  const auto power = folder_.Write("summary_power_odd.csv", std::string(kPowerHeader) + "a,n,8,sgd,100,10,80\n");
  ZEUS_ASSERT_OK_AND_ASSIGN(TraceStore store, TraceStore::Open(folder_.path()));
  EXPECT_THAT(store.ForGpu("odd"), IsError(ErrorCode::kInvalidData, power.string()));
}

TEST(KnownWorkloadsTest, AreThePapersSix) {
  std::vector<std::string> datasets;
  for (const JobIdentity& job : KnownWorkloads()) {
    datasets.push_back(job.workload.dataset);
    EXPECT_THAT(Validate(job), IsOk());
  }
  EXPECT_THAT(datasets, ElementsAre("cifar100", "imagenet", "squad", "librispeech", "movielens-1m", "sentiment140"));
}

TEST(KnownWorkloadsTest, StandInEveryPublishedTrace) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  ZEUS_ASSERT_OK_AND_ASSIGN(TraceStore store, TraceStore::Open(testing::SharedFolder() / "traces"));
  ASSERT_THAT(store.gpus(), ElementsAre("a40", "p100", "rtx6000", "v100"));
  for (const std::string& gpu : store.gpus()) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const trace, store.ForGpu(gpu));
    for (const JobIdentity& known : KnownWorkloads()) {
      ZEUS_ASSERT_OK_AND_ASSIGN(const JobIdentity job, store.Workload(known.workload.dataset, *trace));
      EXPECT_LE(job.default_batch_size, known.default_batch_size);
      EXPECT_THAT(trace->Select(job), IsOk()) << gpu << " " << known.workload.dataset;
    }
  }
}

}  // namespace
}  // namespace zeus
