#include "services/batch_size_client/served_policy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <limits>

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

class ServedPolicyTest : public ::testing::Test {
 protected:
  ~ServedPolicyTest() override {
    server_->Stop();
    commit_.Stop();
  }

  [[nodiscard]] BatchSizeClient Client() const {
    return *BatchSizeClient::Create(fmt::format("http://127.0.0.1:{}", server_->tcp()->port));
  }

  [[nodiscard]] std::unique_ptr<ServedPolicy> Make(double eta = 1, ServedPolicy::AskAgain ask_again = GiveUp) const {
    ServedJob job{.job_id = "birds/tiny/sgd", .eta = eta, .max_power = Watts(300), .gpu_model = "V100"};
    return std::make_unique<ServedPolicy>(Client(), job, [ask_again] { return ask_again; });
  }

  static bool GiveUp(const Error& /*error*/) { return false; }

  store::GroupCommit commit_{std::make_unique<store::MemoryStore>()};
  std::unique_ptr<http::Server> server_ =
      *http::Server::Start({.tcp = http::TcpAddress{}},
                           BatchSizeRoutes(commit_, {[] { return int64_t{1000}; }, [] { return uint64_t{1}; }, {}}));
  JobIdentity identity_{.workload = {.dataset = "birds", .network = "tiny", .optimizer = "sgd"},
                        .target_metric = 0.9,
                        .max_epochs = 10,
                        .default_batch_size = 16,
                        .default_learning_rate = 0.1};
  KnobSpace space_ = *KnobSpace::OfBatchSizes({8, 16, 32});
};

Observation Reached(int64_t batch_size, double energy) {
  return {.batch_size = batch_size,
          .cost = Joules(energy),
          .reached = true,
          .epochs = 3,
          .energy = Joules(energy),
          .time = Seconds(1)};
}

TEST_F(ServedPolicyTest, TheServerDecidesAndBounds) {
  const auto policy = Make();
  const JobId job = *policy->RegisterJob(identity_, space_);
  const Proposal first = *policy->Predict(job);
  EXPECT_EQ(first.batch_size, 16);
  EXPECT_EQ(first.cost_cap, Joules(std::numeric_limits<double>::infinity()));
  EXPECT_THAT(policy->Observe(job, Reached(16, 100)), IsOk());
  const Proposal second = *policy->Predict(job);
  EXPECT_EQ(second.batch_size, 8);
  EXPECT_EQ(second.cost_cap, Joules(200));
  // Asked again before it is observed, it is the same trial.
  EXPECT_EQ(policy->Predict(job)->batch_size, 8);
  EXPECT_THAT(policy->Observe(job, Reached(8, 60)), IsOk());
  EXPECT_EQ(policy->Predict(job)->cost_cap, Joules(120));
}

TEST_F(ServedPolicyTest, WhatDidNotRunHasCostItsBound) {
  const auto policy = Make();
  const JobId job = *policy->RegisterJob(identity_, space_);
  EXPECT_EQ(policy->Predict(job)->batch_size, 16);
  EXPECT_THAT(policy->Observe(job, Reached(16, 150)), IsOk());
  EXPECT_EQ(policy->Predict(job)->batch_size, 8);
  EXPECT_THAT(policy->Observe(job, {.batch_size = 8, .reached = false, .epochs = 0}), IsOk());
  EXPECT_THAT(*Client().ShowJob("birds/tiny/sgd"), HasSubstr("\"min_cost_J\":150.0"));
  EXPECT_EQ(policy->Predict(job)->batch_size, 32) << "8 counts as tried, and as too dear";
}

TEST_F(ServedPolicyTest, ATrialThatIsNotObservedIsGivenUp) {
  {
    const auto policy = Make();
    EXPECT_EQ(policy->Predict(*policy->RegisterJob(identity_, space_))->batch_size, 16);
  }
  EXPECT_THAT(*Client().ListTrials("birds/tiny/sgd"), HasSubstr("\"status\":\"failed\""));
  const auto policy = Make();
  EXPECT_EQ(policy->Predict(*policy->RegisterJob(identity_, space_))->batch_size, 16);
  EXPECT_THAT(*Client().ListTrials("birds/tiny/sgd"), HasSubstr("\"status\":\"dispatched\""));
}

TEST_F(ServedPolicyTest, OtherSettingsAndStrayObservationsAreRefused) {
  const auto policy = Make();
  const JobId job = *policy->RegisterJob(identity_, space_);
  EXPECT_THAT(policy->RegisterJob(identity_, space_), IsOk());
  identity_.max_epochs = 11;
  EXPECT_THAT(policy->RegisterJob(identity_, space_), IsError(ErrorCode::kFailedPrecondition, "another job already"));
  EXPECT_THAT(Make()->RegisterJob(identity_, space_), IsError(ErrorCode::kFailedPrecondition, "409"));
  EXPECT_THAT(policy->Observe(job, Reached(16, 1)), IsError(ErrorCode::kFailedPrecondition, "no trial"));
  EXPECT_EQ(policy->Predict(job)->batch_size, 16);
  EXPECT_THAT(policy->Observe(job, Reached(8, 1)), IsError(ErrorCode::kFailedPrecondition, "no trial"));
  EXPECT_THAT(policy->Observe(job, {.batch_size = 16, .reached = true, .epochs = 1}),
              IsError(ErrorCode::kInvalidArgument, "energy and the time"));
  EXPECT_THAT(policy->SaveBeliefs(), IsError(ErrorCode::kFailedPrecondition, "the server keeps"));
  EXPECT_THAT(policy->LoadBeliefs("{}"), IsError(ErrorCode::kFailedPrecondition, "the server keeps"));
}

TEST_F(ServedPolicyTest, WhereNobodyAnswersItIsAskedAgainUntilToldNotTo) {
  int asked = 0;
  const auto policy = Make(1, [&asked](const Error&) { return ++asked < 3; });
  const JobId job = *policy->RegisterJob(identity_, space_);
  server_->Stop();
  EXPECT_THAT(policy->Predict(job), IsError(ErrorCode::kUnavailable, "http://127.0.0.1:"));
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace zeus
