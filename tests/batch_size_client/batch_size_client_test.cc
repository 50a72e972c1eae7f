#include "services/batch_size_client/batch_size_client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "services/batch_size_server/routes.h"
#include "services/http/server.h"
#include "services/store/group_commit.h"
#include "services/store/memory_store.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

std::string Spec(const std::string& id, double target = 0.9) {
  return fmt::format(R"({{"job_id": "{0}", "job_id_prefix": "{0}", "batch_sizes": [8, 16], "default_batch_size": 16,)"
                     R"( "target_metric": {1}, "max_power": 300, "number_of_gpus": 1, "gpu_model": "V100"}})",
                     id, target);
}

class BatchSizeClientTest : public ::testing::Test {
 protected:
  ~BatchSizeClientTest() override {
    server_->Stop();
    commit_.Stop();
  }

  store::GroupCommit commit_{std::make_unique<store::MemoryStore>()};
  std::unique_ptr<http::Server> server_ =
      *http::Server::Start({.tcp = http::TcpAddress{}},
                           BatchSizeRoutes(commit_, {[] { return int64_t{1000}; }, [] { return uint64_t{1}; }, {}}));
  BatchSizeClient client_ = *BatchSizeClient::Create(fmt::format("http://127.0.0.1:{}/", server_->tcp()->port));
};

TEST_F(BatchSizeClientTest, AJobIsTrainedShownAndDeleted) {
  EXPECT_EQ(*client_.Register(Spec("a/b ä")), "a/b ä");
  const Result<ServedTrial> trial = client_.StartTrial("a/b ä");
  ASSERT_THAT(trial, IsOk());
  EXPECT_EQ(trial->batch_size, 16);
  EXPECT_EQ(trial->trial_number, 1);
  ServedReport report{.energy = Joules(100), .time = Seconds(2), .metric = 0.5, .current_epoch = 1};
  EXPECT_FALSE(client_.Report(*trial, report)->stop_train);
  report.metric = 0.95;
  const Result<ServedVerdict> verdict = client_.Report(*trial, report);
  ASSERT_THAT(verdict, IsOk());
  EXPECT_TRUE(verdict->stop_train && verdict->converged);
  EXPECT_EQ(verdict->message, "Train succeeded");
  EXPECT_THAT(client_.GiveUp(*client_.StartTrial("a/b ä")), IsOk());
  EXPECT_THAT(*client_.ShowJob("a/b ä"), HasSubstr("\"min_cost_J\":350.0"));
  EXPECT_THAT(client_.DeleteJob("a/b ä"), IsOk());
  EXPECT_EQ(*client_.ListJobs(), "{\"jobs\":[]}");
}

TEST_F(BatchSizeClientTest, AllPagesAreListed) {
  for (int i = 0; i < 1001; ++i) ASSERT_THAT(client_.Register(Spec(fmt::format("job{}", i))), IsOk());
  const std::string jobs = *client_.ListJobs();
  EXPECT_THAT(jobs, HasSubstr("\"job0\""));
  EXPECT_THAT(jobs, HasSubstr("\"job999\""));
}

TEST_F(BatchSizeClientTest, AllPagesOfTrialsAreListed) {
  ASSERT_THAT(client_.Register(Spec("a/b")), IsOk());
  EXPECT_EQ(*client_.ListTrials("a/b"), "{\"trials\":[]}");
  for (int i = 0; i < 1001; ++i) ASSERT_THAT(client_.StartTrial("a/b"), IsOk());
  const std::string trials = *client_.ListTrials("a/b");
  EXPECT_THAT(trials, HasSubstr("\"trial_number\":1,"));
  EXPECT_THAT(trials, HasSubstr("\"trial_number\":1001,"));
  EXPECT_THAT(client_.ListTrials("b"), IsError(ErrorCode::kNotFound, "there is no such job"));
}

TEST_F(BatchSizeClientTest, RefusalsComeInTheServersWords) {
  ASSERT_THAT(client_.Register(Spec("a")), IsOk());
  EXPECT_THAT(client_.Register(Spec("a", 0.8)), IsError(ErrorCode::kFailedPrecondition, "409: JobSpec doesn't match"));
  EXPECT_THAT(client_.Register("{}"), IsError(ErrorCode::kFailedPrecondition, "field required"));
  EXPECT_THAT(client_.StartTrial("b"), IsError(ErrorCode::kFailedPrecondition, "Unknown job(b)"));
  EXPECT_THAT(client_.ShowJob("b"), IsError(ErrorCode::kNotFound, "there is no such job"));
  EXPECT_THAT(client_.DeleteJob("b"), IsError(ErrorCode::kNotFound, "404"));
  EXPECT_THAT(client_.GiveUp({"a", 8, 1}), IsError(ErrorCode::kNotFound, "Could not find"));
  server_->Stop();
  EXPECT_THAT(client_.ListJobs(), IsError(ErrorCode::kUnavailable, "http://127.0.0.1:"));
}

TEST(BatchSizeClientUrlTest, WhatIsNoAddressIsRefused) {
  for (const char* const url : {"", "localhost:80", "http://localhost", "http://:80", "http://a:0", "http://a:65536",
                                "http://a:x", "unix:", "https://a:80"}) {
    EXPECT_THAT(BatchSizeClient::Create(url), IsError(ErrorCode::kInvalidArgument, "expected http://HOST:PORT")) << url;
  }
  EXPECT_THAT(BatchSizeClient::Create("unix:/nowhere")->ListJobs(), IsError(ErrorCode::kUnavailable, "unix:/nowhere"));
  EXPECT_THAT(BatchSizeClient::Create("http://[::1]:1"), IsOk());
}

}  // namespace
}  // namespace zeus
