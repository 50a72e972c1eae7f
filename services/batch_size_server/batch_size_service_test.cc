#include "services/batch_size_server/batch_size_service.h"

#include <gmock/gmock.h>

#include "services/batch_size_server/generator_state.h"
#include "services/batch_size_server/wire.h"
#include "services/http/body_fields.h"
#include "services/store/invariants.h"
#include "services/store/memory_store.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using store::TrialRecord;
using store::TrialStatus;
using store::TrialType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::StartsWith;

class BatchSizeServiceTest : public ::testing::Test {
 protected:
  ~BatchSizeServiceTest() override { EXPECT_THAT(*store::FindBrokenInvariants(store_), IsEmpty()); }

  static store::JobSettings Settings() {
    return {.job_id = "job",
            .job_id_prefix = "job",
            .batch_sizes = {8, 16, 32},
            .default_batch_size = 16,
            .eta_knob = 1,
            .max_epochs = 10,
            .mab_seed = 1,
            .max_power = Watts(300),
            .gpu_model = "V100"};
  }

  // What the server does with a request: an error leaves nothing behind.
  template <class Function>
  auto Do(Function function) {
    std::optional<decltype(function())> result;
    [[maybe_unused]] const Result<void> kept = store_.Atomically([&]() -> Result<void> {
      result = function();
      if (!*result) return std::unexpected(result->error());
      return {};
    });
    return *std::move(result);
  }

  Result<Registration> Register(const store::JobSettings& settings) {
    return Do([&] { return RegisterJob(store_, settings, [this] { return ++entropy_; }); });
  }
  Result<TrialRecord> Start() {
    return Do([&] { return StartTrial(store_, "job", {now_ms_, lease_ms_}); });
  }
  Result<Verdict> Report(const TrialRecord& trial, double energy, double metric, int64_t epoch = 10) {
    return Do([&] {
      return ReportTrial(store_,
                         {.job_id = trial.job_id,
                          .batch_size = trial.batch_size,
                          .trial_number = trial.trial_number,
                          .energy = Joules(energy),
                          .metric = metric,
                          .current_epoch = epoch},
                         {++now_ms_, lease_ms_});
    });
  }
  Result<void> GiveUp(const TrialRecord& trial) {
    return Do([&] { return GiveUpTrial(store_, "job", trial.batch_size, trial.trial_number, now_ms_); });
  }
  // Starts trials and has them all converge at that cost, until the bandit decides.
  void Explore(double energy) {
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(Report(*Start(), energy + i, 1)->converged);
  }

  store::MemoryStore store_;
  uint64_t entropy_ = 0;
  int64_t now_ms_ = 1000;
  std::optional<int64_t> lease_ms_;
};

TEST_F(BatchSizeServiceTest, TheSameJobIsFoundAndAnotherOfItsNameRefused) {
  EXPECT_TRUE(Register(Settings())->is_new);
  EXPECT_FALSE(Register(Settings())->is_new);
  store::JobSettings other = Settings();
  other.eta_knob = 0.25;
  EXPECT_EQ(Register(other).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(BatchSizeServiceTest, AJobWithoutANameGetsOneOfItsOwn) {
  store::JobSettings settings = Settings();
  settings.job_id = "";
  EXPECT_EQ(Register(settings)->settings.job_id, "job-00000001");
  EXPECT_NE(Register(settings)->settings.job_id, "job-00000001");
  entropy_ = 0;  // Draws the first name again, and passes it over.
  EXPECT_TRUE(Register(settings)->is_new);
}

TEST_F(BatchSizeServiceTest, WhileExplorationWaitsTheCheapestKnownRuns) {
  ASSERT_THAT(Register(Settings()), IsOk());
  const TrialRecord first = *Start();
  EXPECT_EQ(first.batch_size, 16);
  EXPECT_EQ(first.trial_number, 1);
  const TrialRecord second = *Start();
  EXPECT_EQ(second.type, TrialType::kConcurrent);
  EXPECT_EQ(second.batch_size, 16);
  EXPECT_EQ(Report(first, 100, 1)->message, "Train succeeded");
  EXPECT_EQ(Start()->batch_size, 8);
  EXPECT_TRUE(Report(second, 50, 1)->converged);
}

TEST_F(BatchSizeServiceTest, ARunThatHasEndedSaysItselfWhetherItReachedTheTarget) {
  ASSERT_THAT(Register(Settings()), IsOk());
  const auto end = [&](const TrialRecord& trial, double energy, bool reached) {
    return Do([&] {
      return ReportTrial(store_,
                         {.job_id = "job",
                          .batch_size = trial.batch_size,
                          .trial_number = trial.trial_number,
                          .energy = Joules(energy),
                          .current_epoch = 1,
                          .reached = reached},
                         {++now_ms_, lease_ms_});
    });
  };
  EXPECT_EQ(end(*Start(), 100, true)->message, "Train succeeded");
  const Verdict missed = *end(*Start(), 50, false);
  EXPECT_TRUE(missed.stop_train);
  EXPECT_FALSE(missed.converged);
  EXPECT_EQ(missed.message, "Train ended after epoch 1 without converging");
  // What cost too much did not converge, whatever the run says: as with any other report.
  EXPECT_FALSE(end(*Start(), 1000, true)->converged);
}

TEST_F(BatchSizeServiceTest, ATrialThatIsGivenUpIsAskedForAgain) {
  ASSERT_THAT(Register(Settings()), IsOk());
  const TrialRecord first = *Start();
  ASSERT_THAT(GiveUp(first), IsOk());
  ASSERT_THAT(GiveUp(first), IsOk());
  EXPECT_THAT(Report(first, 1, 1).error().message, HasSubstr("already reported"));
  const TrialRecord again = *Start();
  EXPECT_EQ(again.type, TrialType::kExploration);
  EXPECT_EQ(again.batch_size, 16);
  EXPECT_EQ(again.trial_number, 2);
  TrialRecord unknown = again;
  unknown.trial_number = 9;
  EXPECT_EQ(GiveUp(unknown).error().code, ErrorCode::kNotFound);
}

TEST_F(BatchSizeServiceTest, ATrialThatIsNotHeardOfIsGivenUpAndAskedForAgain) {
  lease_ms_ = 1000;
  ASSERT_THAT(Register(Settings()), IsOk());
  const TrialRecord first = *Start();
  now_ms_ += 900;
  EXPECT_FALSE(Report(first, 1, 0, 1)->stop_train);  // Begins the lease anew, at 1901.
  now_ms_ += 999;
  EXPECT_EQ(Start()->type, TrialType::kConcurrent);
  ++now_ms_;
  const TrialRecord again = *Start();
  EXPECT_EQ(again.type, TrialType::kExploration);
  EXPECT_EQ(again.batch_size, 16);
  EXPECT_EQ(again.trial_number, 3);
  const TrialRecord ended = **store_.FindTrial("job", 1);
  EXPECT_EQ(ended.status, TrialStatus::kFailed);
  EXPECT_EQ(ended.end_ms, 2901);
  EXPECT_THAT(Report(first, 1, 1).error().message, HasSubstr("already reported"));
  // One of which nobody was told otherwise may still report.
  now_ms_ += 100'000;
  EXPECT_TRUE(Report(again, 1, 1)->converged);
  EXPECT_EQ(Start()->batch_size, 8);
}

TEST_F(BatchSizeServiceTest, WithoutLeasesATrialIsAwaitedForever) {
  ASSERT_THAT(Register(Settings()), IsOk());
  ASSERT_THAT(Start(), IsOk());
  now_ms_ += int64_t{1} << 50;
  EXPECT_EQ(Start()->type, TrialType::kConcurrent);
}

TEST_F(BatchSizeServiceTest, ReportsFollowThePublishedRules) {
  ASSERT_THAT(Register(Settings()), IsOk());
  const TrialRecord first = *Start();
  const Verdict on = *Report(first, 10, 0.1, 3);
  EXPECT_FALSE(on.stop_train);
  EXPECT_EQ(on.message, "Stop condition not met, keep training");
  EXPECT_TRUE(Report(first, 100, 0.5, 4)->converged);
  EXPECT_EQ(Report(first, 1, 0)->message, "Result for this trial(1) is already reported.");
  const TrialRecord second = *Start();
  const Verdict dear = *Report(second, 201, 0.1, 1);
  EXPECT_TRUE(dear.stop_train);
  EXPECT_FALSE(dear.converged);
  EXPECT_THAT(dear.message, StartsWith("Batch Size(8) exceeded the cost upper bound: current cost(201"));
  const Verdict late = *Report(*Start(), 150, 0.1, 10);
  EXPECT_TRUE(late.stop_train);
  EXPECT_EQ(late.message, "Train failed to converge within max_epoch(10)");
  TrialRecord wrong = second;
  wrong.batch_size = 32;
  EXPECT_EQ(Report(wrong, 1, 1).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(BatchSizeServiceTest, ARunThatFailedIsNeverTheCheapest) {
  ASSERT_THAT(Register(Settings()), IsOk());
  EXPECT_FALSE(Report(*Start(), 1, 0)->converged);
  EXPECT_EQ((**store_.FindJob("job")).min_cost, std::nullopt);
  EXPECT_TRUE(Report(*Start(), 100, 1)->converged);
  EXPECT_EQ((**store_.FindJob("job")).min_cost_batch_size, 32);
}

TEST_F(BatchSizeServiceTest, NothingThatConvergesIsTold) {
  ASSERT_THAT(Register(Settings()), IsOk());
  EXPECT_FALSE(Report(*Start(), 1, 0)->converged);
  EXPECT_FALSE(Report(*Start(), 1, 0)->converged);
  const Result<TrialRecord> next = Start();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::kUnreachable);
}

TEST_F(BatchSizeServiceTest, TheBanditDrawsFromTheJobsOwnStream) {
  ASSERT_THAT(Register(Settings()), IsOk());
  EXPECT_THAT(
      (**store_.FindJob("job")).generator_state,
      StartsWith("{\"bit_generator\": \"PCG64\", \"state\": {\"state\": 207833532711051698738587646355624148094, "
                 "\"inc\": 194290289479364712180083596243593368443}"));
  Explore(100);
  NumpyGenerator generator(1);
  std::vector<uint64_t> permutation(3);
  generator.ChooseWithoutReplacement(3, permutation);
  const std::vector<ArmView> before = *ViewArms(store_, **store_.FindJob("job"));
  EXPECT_THAT(before, IsEmpty());
  EXPECT_EQ(Start()->type, TrialType::kBandit);
  const store::JobRecord job = **store_.FindJob("job");
  const std::vector<ArmView> arms = *ViewArms(store_, job);
  ASSERT_EQ(arms.size(), 3U);
  for (const ArmView& arm : arms) {
    EXPECT_EQ(arm.observations, 2U);
    generator.Normal(arm.belief.mean, 1);
  }
  EXPECT_EQ(GeneratorStateToJson(generator.state()), job.generator_state);
}

TEST_F(BatchSizeServiceTest, ATrialOfExplorationsTimeCanStillReportToTheBandit) {
  ASSERT_THAT(Register(Settings()), IsOk());
  const TrialRecord first = *Start();
  const TrialRecord concurrent = *Start();
  ASSERT_TRUE(Report(first, 100, 1)->converged);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Report(*Start(), 101 + i, 1)->converged);
  EXPECT_EQ(Start()->type, TrialType::kBandit);
  EXPECT_TRUE(Report(concurrent, 99, 1)->converged);
  EXPECT_EQ(ViewArms(store_, **store_.FindJob("job"))->at(1).observations, 3U);
}

TEST_F(BatchSizeServiceTest, WithoutRoundsTheBanditDecidesAtOnce) {
  store::JobSettings settings = Settings();
  settings.num_pruning_rounds = 0;
  ASSERT_THAT(Register(settings), IsOk());
  EXPECT_EQ(Start()->type, TrialType::kBandit);
}

TEST(GeneratorStateTest, ReadsBackWhatItWritesAndRefusesTheRest) {
  NumpyGenerator generator(123456);
  generator.Bounded(5);
  const std::string json = GeneratorStateToJson(generator.state());
  EXPECT_EQ(*GeneratorStateFromJson(json), generator.state());
  for (size_t end = 0; end < json.size(); ++end) EXPECT_FALSE(GeneratorStateFromJson(json.substr(0, end))) << end;
  EXPECT_FALSE(GeneratorStateFromJson(json + "x"));
}

TEST(WireTest, AJobSpecHasThePublishedDefaults) {
  const Parsed<store::JobSettings> settings = ParseJobSpec(
      R"({"job_id": null, "job_id_prefix": "p", "batch_sizes": [32, "8"], "default_batch_size": 8.0, "max_power": 300,
          "number_of_gpus": 1, "gpu_model": "V100", "unknown": 1})");
  ASSERT_TRUE(settings);
  EXPECT_EQ(ToJsonText(*settings),
            R"({"job_id":"","job_id_prefix":"p","batch_sizes":[8,32],"default_batch_size":8,"eta_knob":0.5,)"
            R"("beta_knob":2.0,"target_metric":0.5,"higher_is_better_metric":true,"max_epochs":100,)"
            R"("num_pruning_rounds":2,"window_size":0,"mab_prior_mean":0.0,"mab_prior_precision":0.0,)"
            R"("mab_num_explorations":2,"mab_seed":null,"max_power":300.0,"number_of_gpus":1,"gpu_model":"V100"})");
}

TEST(WireTest, WhatAJobCannotBeIsToldByField) {
  const auto refusal = [](const std::string& change) {
    Json json = *ParseJson(R"({"job_id": "p1", "job_id_prefix": "p", "batch_sizes": [8, 16], "default_batch_size": 8,
                               "max_power": 300, "number_of_gpus": 1, "gpu_model": "V100"})",
                           "spec");
    json.update(*ParseJson(change, "change"));
    const Parsed<store::JobSettings> settings = ParseJobSpec(json.dump());
    return settings ? std::string() : settings.error().body;
  };
  EXPECT_EQ(refusal("{}"), "");
  EXPECT_EQ(refusal(R"({"beta_knob": null})"), "");
  EXPECT_THAT(refusal(R"({"job_id": "q"})"), HasSubstr("Job_id(q) does not start with prefix(p)."));
  EXPECT_THAT(refusal(R"({"batch_sizes": []})"), HasSubstr("Batch Sizes = [] is empty"));
  EXPECT_THAT(refusal(R"({"batch_sizes": [8, 8]})"), HasSubstr("twice"));
  EXPECT_THAT(refusal(R"({"default_batch_size": 9})"), HasSubstr("Default BS(9) not in batch_sizes([8, 16])."));
  EXPECT_THAT(refusal(R"({"eta_knob": 1.5})"), HasSubstr("eta_knob should be in range [0,1]"));
  EXPECT_THAT(refusal(R"({"beta_knob": 0})"), HasSubstr("Invalid beta_knob(0"));
  EXPECT_THAT(refusal(R"({"gpu_model": ""})"), HasSubstr("Invalid gpu_model()"));
  for (const char* const change :
       {R"({"max_epochs": 0})", R"({"max_power": "nan"})", R"({"max_power": 0})", R"({"number_of_gpus": 0})",
        R"({"window_size": -1})", R"({"mab_seed": -1})", R"({"num_pruning_rounds": 1001})", R"({"job_id": ""})"}) {
    EXPECT_NE(refusal(change), "") << change;
  }
}

TEST_F(BatchSizeServiceTest, AWindowForgetsWhatARunCostBeforeTheDataDrifted) {
  store::JobSettings settings = Settings();
  settings.batch_sizes = {16};
  settings.window_size = 3;
  settings.beta_knob = std::nullopt;
  ASSERT_THAT(Register(settings), IsOk());
  const auto arm = [&] { return ViewArms(store_, **store_.FindJob("job"))->at(0); };
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Report(*Start(), 100 + i, 1)->converged);
  EXPECT_EQ(arm().observations, 3U);
  EXPECT_NEAR(arm().belief.mean, -103, 1e-9);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Report(*Start(), 300 + i, 1)->converged);
  EXPECT_EQ(arm().observations, 3U);
  EXPECT_NEAR(arm().belief.mean, -301, 1e-9);
}

TEST_F(BatchSizeServiceTest, AWindowForgetsTheCheapestRunOnceCostsHaveRisen) {
  for (const int64_t window : {0, 3}) {
    store::JobSettings settings = Settings();
    settings.job_id += std::to_string(window);
    settings.batch_sizes = {16};
    settings.window_size = window;
    ASSERT_THAT(Register(settings), IsOk());
    const auto run = [&](double energy) {
      const TrialRecord trial = *Do([&] { return StartTrial(store_, settings.job_id, {now_ms_, lease_ms_}); });
      return Report(trial, energy, 1)->converged;
    };
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(run(100 + i));
    // Three times the cheapest one exceeds beta, until none of those is left.
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(run(300 + i));
    EXPECT_EQ(run(300), window == 3);
    EXPECT_EQ(*BoundingCost(store_, **store_.FindJob(settings.job_id)), window == 3 ? Joules(300) : Joules(100));
  }
}

}  // namespace
}  // namespace zeus
