#include "zeus/job/job.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

JobIdentity Good() {
  return {.workload = {.dataset = "cifar100", .network = "shufflenetv2", .optimizer = "adadelta"},
          .target_metric = 0.6,
          .max_epochs = 100,
          .default_batch_size = 1024,
          .default_learning_rate = 0.1,
          .workdir = "/tmp"};
}

TEST(ValidateJobTest, TakesAPossibleJob) {
  EXPECT_THAT(Validate(Good()), IsOk());
}

TEST(ValidateJobTest, RefusesImpossibleNumbers) {
  constexpr auto kInvalid = ErrorCode::kInvalidArgument;
  JobIdentity job = Good();
  job.max_epochs = 0;
  EXPECT_THAT(Validate(job), IsError(kInvalid, "max_epochs is 0: expected 1 or more"));
  job = Good();
  job.default_batch_size = -1;
  EXPECT_THAT(Validate(job), IsError(kInvalid, "the default batch size is -1: expected 1 or more"));
  for (const double target : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    job = Good();
    job.target_metric = target;
    EXPECT_THAT(Validate(job), IsError(kInvalid, "the target metric is")) << target;
  }
}

TEST(JobIdentityTest, EveryPartTellsJobsApart) {
  const auto changed = [](auto change) {
    JobIdentity job = Good();
    change(job);
    return job;
  };
  EXPECT_EQ(changed([](JobIdentity&) {}), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.workload.dataset = "imagenet"; }), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.workload.network = "resnet50"; }), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.workload.optimizer = "sgd"; }), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.target_metric = 0.5; }), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.max_epochs = 99; }), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.default_batch_size = 512; }), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.default_learning_rate = 0.2; }), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.default_learning_rate.reset(); }), Good());
  EXPECT_NE(changed([](JobIdentity& job) { job.workdir = "/home"; }), Good());
}

TEST(WorkloadTest, HasATextForMessages) {
  EXPECT_EQ(ToText(Good().workload), "cifar100/shufflenetv2/adadelta");
}

}  // namespace
}  // namespace zeus
