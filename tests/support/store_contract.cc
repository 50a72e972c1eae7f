#include "tests/support/store_contract.h"

#include <gmock/gmock.h>

#include <future>
#include <string>

#include "services/store/group_commit.h"
#include "services/store/invariants.h"
#include "tests/support/result_matchers.h"

namespace zeus::testing {

using namespace zeus::store;  // NOLINT(google-build-using-namespace): all of this file is about it.

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

JobRecord SomeJob(const std::string& id) {
  JobRecord job;
  job.settings = {.job_id = id,
                  .job_id_prefix = "p",
                  .batch_sizes = {8, 16, 32},
                  .default_batch_size = 16,
                  .beta_knob = std::nullopt,
                  .target_metric = 0.1,
                  .mab_seed = 5,
                  .max_power = Watts(300),
                  .number_of_gpus = 2,
                  .gpu_model = "V100"};
  job.generator_state = "{\"bit_generator\": \"PCG64\"}";
  job.min_cost_batch_size = 16;
  job.last_trial_number = 5;
  job.last_result_number = 5;
  return job;
}

TrialRecord SomeTrial(const std::string& job, int64_t number) {
  return {.job_id = job, .trial_number = number, .batch_size = 8, .begin_ms = 1000, .renewed_ms = 1500};
}

TrialRecord Ended(TrialRecord trial) {
  trial.status = TrialStatus::kSucceeded;
  trial.end_ms = 2000;
  trial.result = TrialResult{
      .result_number = trial.trial_number, .energy = Joules(0.1), .time = Seconds(1e-300), .converged = true};
  return trial;
}

StoreContract::StoreContract() {
  Reopen();
}

void StoreContract::Reopen() {
  if (store_ && !GetParam().lasts) return;
  store_.reset();
  store_ = GetParam().open(folder_.path());
}

Result<void> StoreContract::Put(const JobRecord& job, const std::vector<TrialRecord>& trials) {
  return store_->Atomically([&]() -> Result<void> {
    ZEUS_RETURN_IF_ERROR(store_->PutJob(job));
    for (const TrialRecord& trial : trials) ZEUS_RETURN_IF_ERROR(store_->PutTrial(trial));
    return {};
  });
}

TEST_P(StoreContract, WhatIsPutIsFoundAlsoLater) {
  JobRecord job = SomeJob("a'; DROP TABLE jobs; -- \xC3\xA9");
  const TrialRecord trial = SomeTrial(job.settings.job_id, 1);
  ASSERT_THAT(Put(job, {trial, Ended(SomeTrial(job.settings.job_id, 2))}), IsOk());
  Reopen();
  EXPECT_EQ(**store_->FindJob(job.settings.job_id), job);
  EXPECT_EQ(**store_->FindTrial(job.settings.job_id, 1), trial);
  EXPECT_EQ(**store_->FindTrial(job.settings.job_id, 2), Ended(SomeTrial(job.settings.job_id, 2)));
  job.settings.beta_knob = 2.0;
  job.stage = Stage::kBandit;
  job.min_cost = Joules(1.0 / 3);
  ASSERT_THAT(Put(job, {Ended(trial)}), IsOk());
  Reopen();
  EXPECT_EQ(**store_->FindJob(job.settings.job_id), job);
  EXPECT_THAT(*store_->ListTrials(job.settings.job_id, 0, 10), SizeIs(2));
  EXPECT_EQ(**store_->FindTrial(job.settings.job_id, 1), Ended(trial));
}

TEST_P(StoreContract, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(*store_->FindJob("a"), std::nullopt);
  EXPECT_EQ(*store_->FindTrial("a", 1), std::nullopt);
  EXPECT_THAT(*store_->ListTrials("a", 0, 10), IsEmpty());
  EXPECT_THAT(*store_->ListJobs("", 10), IsEmpty());
}

TEST_P(StoreContract, ADeletedJobTakesItsTrialsAlong) {
  ASSERT_THAT(Put(SomeJob("a"), {SomeTrial("a", 1)}), IsOk());
  ASSERT_THAT(Put(SomeJob("b"), {SomeTrial("b", 1)}), IsOk());
  bool first = false;
  bool second = true;
  ASSERT_THAT(store_->Atomically([&]() -> Result<void> {
    first = *store_->DeleteJob("a");
    second = *store_->DeleteJob("a");
    return {};
  }),
              IsOk());
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
  EXPECT_EQ(*store_->FindTrial("a", 1), std::nullopt);
  EXPECT_NE(*store_->FindTrial("b", 1), std::nullopt);
}

TEST_P(StoreContract, ListsComeInPages) {
  for (const char* const id : {"b", "a", "c"}) ASSERT_THAT(Put(SomeJob(id)), IsOk());
  ASSERT_THAT(Put(SomeJob("b"), {SomeTrial("b", 3), SomeTrial("b", 1), SomeTrial("b", 2)}), IsOk());
  const auto ids = [](const std::vector<JobRecord>& jobs) {
    std::vector<std::string> names;
    for (const JobRecord& job : jobs) names.push_back(job.settings.job_id);
    return names;
  };
  EXPECT_THAT(ids(*store_->ListJobs("", 2)), ElementsAre("a", "b"));
  EXPECT_THAT(ids(*store_->ListJobs("b", 2)), ElementsAre("c"));
  EXPECT_THAT(*store_->ListTrials("b", 0, 2), ElementsAre(SomeTrial("b", 1), SomeTrial("b", 2)));
  EXPECT_THAT(*store_->ListTrials("b", 2, 2), ElementsAre(SomeTrial("b", 3)));
}

TEST_P(StoreContract, WhatFailsLeavesNothingAndAnInnerFailureOnlyItsOwn) {
  const auto fails = [] { return Fail(ErrorCode::kNotFound, "no"); };
  const Result<void> undone = store_->Atomically([&]() -> Result<void> {
    ZEUS_RETURN_IF_ERROR(store_->PutJob(SomeJob("a")));
    return fails();
  });
  ASSERT_FALSE(undone);
  EXPECT_EQ(undone.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(*store_->ListJobs("", 10), IsEmpty());
  ASSERT_THAT(Put(SomeJob("c"), {SomeTrial("c", 1)}), IsOk());
  ASSERT_THAT(store_->Atomically([&]() -> Result<void> {
    ZEUS_RETURN_IF_ERROR(store_->PutJob(SomeJob("a")));
    const Result<void> inner = store_->Atomically([&]() -> Result<void> {
      ZEUS_RETURN_IF_ERROR(store_->PutJob(SomeJob("b")));
      ZEUS_RETURN_IF_ERROR(store_->DeleteJob("c"));
      return fails();
    });
    EXPECT_FALSE(inner);
    return {};
  }),
              IsOk());
  Reopen();
  EXPECT_THAT(*store_->ListJobs("", 10), ElementsAre(SomeJob("a"), SomeJob("c")));
  EXPECT_THAT(*store_->ListTrials("c", 0, 10), SizeIs(1));
}

TEST_P(StoreContract, ChangesOutsideOfATransactionAreRefused) {
  EXPECT_EQ(store_->PutJob(SomeJob("a")).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(store_->PutTrial(SomeTrial("a", 1)).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(store_->DeleteJob("a").error().code, ErrorCode::kFailedPrecondition);
}

TEST_P(StoreContract, TrialsAreTallied) {
  EXPECT_THAT(*store_->TallyTrials("b"), IsEmpty());
  TrialRecord failed = SomeTrial("b", 4);
  failed.status = TrialStatus::kFailed;
  failed.end_ms = 2000;
  TrialRecord missed = Ended(SomeTrial("b", 5));
  missed.result->converged = false;
  const std::vector<TrialRecord> of_b = {SomeTrial("b", 1), Ended(SomeTrial("b", 2)), Ended(SomeTrial("b", 3)), failed,
                                         missed};
  ASSERT_THAT(Put(SomeJob("b"), of_b), IsOk());
  ASSERT_THAT(Put(SomeJob("a"), {SomeTrial("a", 1)}), IsOk());
  EXPECT_THAT(*store_->TallyTrials("a"), ElementsAre(TrialTally{.job_id = "a", .batch_size = 8, .trials = 1}));
  std::vector<TrialTally> expected = {{.job_id = "b", .batch_size = 8, .trials = 1}};
  expected.push_back({.job_id = "b",
                      .batch_size = 8,
                      .status = TrialStatus::kSucceeded,
                      .trials = 1,
                      .energy = Joules(0.1),
                      .time = Seconds(1e-300)});
  expected.push_back({.job_id = "b",
                      .batch_size = 8,
                      .status = TrialStatus::kSucceeded,
                      .converged = true,
                      .trials = 2,
                      .energy = Joules(0.2),
                      .time = Seconds(2e-300)});
  expected.push_back({.job_id = "b", .batch_size = 8, .status = TrialStatus::kFailed, .trials = 1});
  EXPECT_EQ(*store_->TallyTrials("b"), expected);
}

TEST_P(StoreContract, ATrialNeedsItsJob) {
  const Result<void> put = store_->Atomically([&] { return store_->PutTrial(SomeTrial("a", 1)); });
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, ErrorCode::kFailedPrecondition);
}

TEST_P(StoreContract, BrokenInvariantsAreFound) {
  ASSERT_THAT(Put(SomeJob("a"), {SomeTrial("a", 1), Ended(SomeTrial("a", 2))}), IsOk());
  EXPECT_THAT(*FindBrokenInvariants(*store_), IsEmpty());
  TrialRecord unknown = SomeTrial("a", 6);
  unknown.batch_size = 7;
  unknown.type = TrialType::kBandit;
  ASSERT_THAT(Put(SomeJob("a"), {unknown}), IsOk());
  EXPECT_THAT(*FindBrokenInvariants(*store_), ElementsAre("job \"a\": trial 6 has a number that was not given out",
                                                          "job \"a\": trial 6 has a batch size that is not the job's",
                                                          "job \"a\": trial 6 comes from a bandit that there is not"));
}

TEST_P(StoreContract, RequestsThatAreCommittedTogetherEachGetTheirOwnOutcome) {
  GroupCommit commit(std::move(store_));
  std::vector<std::future<Result<void>>> outcomes;
  for (int i = 0; i < 200; ++i) {
    std::promise<Result<void>> promise;
    outcomes.push_back(promise.get_future());
    commit.Submit(
        [i](Store& store) -> Result<void> {
          ZEUS_RETURN_IF_ERROR(store.PutJob(SomeJob(std::to_string(i))));
          if (i % 2 == 1) return Fail(ErrorCode::kInvalidArgument, "odd");
          return {};
        },
        [promise = std::move(promise)](Result<void> outcome) mutable { promise.set_value(std::move(outcome)); });
  }
  for (size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i].get().has_value(), i % 2 == 0) << i;
  std::promise<size_t> jobs;
  commit.Submit(
      [&jobs](Store& store) -> Result<void> {
        jobs.set_value(store.ListJobs("", 1000)->size());
        return {};
      },
      [](const Result<void>&) {});
  EXPECT_EQ(jobs.get_future().get(), 100U);
  commit.Stop();
  bool refused = false;
  commit.Submit([](Store&) -> Result<void> { return {}; }, [&](const Result<void>& outcome) { refused = !outcome; });
  EXPECT_TRUE(refused);
}

}  // namespace zeus::testing
