#include "zeus/training/training_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "tests/support/fake_training_gpus.h"
#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/trace/power_profile.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::FakeTrainingGpus;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

constexpr int64_t kBatchSize = 64;
constexpr Seconds kBatch{0.1};
constexpr Seconds kEvaluationBatch{0.05};

class TrainingSessionTest : public ::testing::Test {
 protected:
  SessionOptions Options() {
    return {.target_metric = 0.9,
            .log_dir = folder_.path() / "logs",
            .job_id = "job",
            .profile_window = {.warmup = 2, .measure = 4}};
  }

  void Open(const SessionOptions& options, int64_t max_epochs = 10) {
    auto session =
        TrainingSession::Create({.batch_size = kBatchSize, .max_epochs = max_epochs}, options, {.gpus = &gpus_});
    ASSERT_THAT(session, IsOk());
    session_ = *std::move(session);
  }

  void Train(int64_t batches) {
    ASSERT_THAT(session_->BeginTraining(batches), IsOk());
    for (int64_t i = 0; i < batches; ++i) {
      ASSERT_THAT(session_->OnBatch(), IsOk());
      gpus_.Work(kBatch);
    }
    ASSERT_THAT(session_->EndTraining(), IsOk());
  }
  void Evaluate(int64_t batches) {
    ASSERT_THAT(session_->BeginEvaluation(batches), IsOk());
    for (int64_t i = 0; i < batches; ++i) gpus_.Work(kEvaluationBatch);
    ASSERT_THAT(session_->EndEvaluation(), IsOk());
  }
  /// A whole epoch; false when there is none.
  bool TrainEpoch(double metric, int64_t batches = 100) {
    const Result<NextEpoch> next = session_->BeginEpoch();
    EXPECT_THAT(next, IsOk());
    if (!next || *next != NextEpoch::kTrain) return false;
    Train(batches);
    Evaluate(10);
    EXPECT_THAT(session_->ReportMetric(metric, MetricDirection::kHigherIsBetter), IsOk());
    return true;
  }

  [[nodiscard]] std::filesystem::path ProfileFile() const { return folder_.path() / "logs/bs64.power.json"; }
  [[nodiscard]] RunResult SavedResult() const {
    return ReadRunResult(folder_.path() / "logs/job+bs64.train.json").value();
  }

  const testing::TemporaryFolder folder_;
  FakeTrainingGpus gpus_;
  std::unique_ptr<TrainingSession> session_;
};

TEST_F(TrainingSessionTest, ProfilesEveryLimitOnceInTheFirstEpochAndTrainsAtTheBest) {
  Open(Options());
  ASSERT_TRUE(TrainEpoch(0.1));
  // Set at the start; then each limit, and the best of them.
  EXPECT_THAT(gpus_.limits_set(), ElementsAre(Watts(250), Watts(250), Watts(225), Watts(200), Watts(175), Watts(150),
                                              Watts(125), Watts(100), Watts(150)));
  const PowerProfile profile = ReadPowerProfile(ProfileFile()).value();
  ASSERT_EQ(profile.train.size(), 7U);
  double least = std::numeric_limits<double>::infinity();
  Watts best;
  for (double limit = 250; limit >= 100; limit -= 25) {
    const FakeTrainingGpus::Pace pace = FakeTrainingGpus::SlowsBelow200Watts(Watts(limit));
    const ProfiledRate& rate = profile.train.at(Watts(limit));
    EXPECT_NEAR(rate.power.value(), pace.power.value(), 1e-9);
    EXPECT_NEAR(rate.throughput, 1 / (pace.stretch * kBatch.value()), 1e-9);
    const double cost = (0.5 * pace.power.value() + 0.5 * 250) * pace.stretch;
    if (cost >= least) continue;
    least = cost;
    best = Watts(limit);
  }
  EXPECT_EQ(profile.optimal_limit, best);
  EXPECT_EQ(session_->optimal_limit(), best);
  EXPECT_EQ(gpus_.limit(), best);
  EXPECT_EQ(profile.job_id, "job");
  ASSERT_EQ(profile.eval.size(), 1U);
  EXPECT_NEAR(profile.eval.at(best).throughput, 1 / (1.03125 * kEvaluationBatch.value()), 1e-9);
  ASSERT_TRUE(TrainEpoch(0.1));
  EXPECT_EQ(gpus_.limits_set().size(), 9U);
}

TEST_F(TrainingSessionTest, EachLimitTakesItsWarmUpAndItsMeasurement) {
  Open(Options());
  ASSERT_THAT(session_->BeginEpoch(), IsOk());
  ASSERT_THAT(session_->BeginTraining(100), IsOk());
  std::vector<std::string> at_batch;
  for (int batch = 1; batch <= 44; ++batch) {
    const size_t windows = gpus_.windows().size();
    const size_t limits = gpus_.limits_set().size();
    ASSERT_THAT(session_->OnBatch(), IsOk());
    std::string what;
    for (size_t i = windows; i < gpus_.windows().size(); ++i) what += gpus_.windows()[i].substr(0, 5) + " ";
    for (size_t i = limits; i < gpus_.limits_set().size(); ++i) {
      what += std::to_string(static_cast<int>(gpus_.limits_set()[i].value()));
    }
    if (!what.empty()) at_batch.push_back(std::to_string(batch) + ": " + what);
    gpus_.Work(kBatch);
  }
  EXPECT_THAT(at_batch, ElementsAre("1: 250", "3: begin ", "7: end z 225", "9: begin ", "13: end z 200", "15: begin ",
                                    "19: end z 175", "21: begin ", "25: end z 150", "27: begin ", "31: end z 125",
                                    "33: begin ", "37: end z 100", "39: begin ", "43: end z 150"));
}

TEST_F(TrainingSessionTest, ALimitThatAnEpochHasNoRoomForWaitsForTheNext) {
  SessionOptions options = Options();
  options.cost_threshold = Joules(1);  // While it profiles, it always goes on.
  Open(options);
  // 6 batches a limit, and one more: two limits in 14 batches.
  for (int epoch = 0; epoch < 3; ++epoch) ASSERT_TRUE(TrainEpoch(0.1, 14));
  EXPECT_FALSE(session_->optimal_limit());
  EXPECT_FALSE(std::filesystem::exists(ProfileFile()));
  ASSERT_TRUE(TrainEpoch(0.1, 14));
  EXPECT_TRUE(session_->optimal_limit());
  EXPECT_EQ(ReadPowerProfile(ProfileFile()).value().train.size(), 7U);
  EXPECT_THAT(session_->BeginEpoch(), IsOk());
  EXPECT_TRUE(session_->cost_threshold_exceeded());
}

TEST_F(TrainingSessionTest, AnEpochThatEndsEarlyTakesBackWhatWasBegunAndGoesBackToTheHighestLimit) {
  Open(Options());
  ASSERT_THAT(session_->BeginEpoch(), IsOk());
  ASSERT_THAT(session_->BeginTraining(100), IsOk());
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(session_->OnBatch(), IsOk());
    gpus_.Work(kBatch);
  }
  ASSERT_THAT(session_->EndTraining(), IsOk());
  EXPECT_EQ(gpus_.windows()[gpus_.windows().size() - 2], "cancel zeus.power_limit_profile");
  EXPECT_EQ(gpus_.limit(), Watts(250));
  ASSERT_TRUE(TrainEpoch(0.1));
  const PowerProfile profile = ReadPowerProfile(ProfileFile()).value();
  EXPECT_NEAR(profile.train.at(Watts(225)).throughput, 10, 1e-9);
}

TEST_F(TrainingSessionTest, AWindowIsScaledIntoAShortEpoch) {
  SessionOptions options = Options();
  options.profile_window = {.warmup = 10, .measure = 40};
  Open(options);
  // (26 - 1) / 50: 5 and 20 batches, a limit an epoch.
  for (int epoch = 0; epoch < 7; ++epoch) {
    EXPECT_FALSE(session_->optimal_limit());
    ASSERT_TRUE(TrainEpoch(0.1, 26));
  }
  EXPECT_TRUE(session_->optimal_limit());
}

TEST_F(TrainingSessionTest, AWindowThatCannotBeScaledIsAnError) {
  SessionOptions options = Options();
  options.profile_window = {.warmup = 10, .measure = 40};
  Open(options);
  ASSERT_THAT(session_->BeginEpoch(), IsOk());
  EXPECT_THAT(session_->BeginTraining(5),
              IsError(ErrorCode::kInvalidArgument,
                      "10 warm-up and 40 measured iterations do not fit into an epoch of 5 batches, not even scaled "
                      "down; choose a smaller batch size"));
}

TEST_F(TrainingSessionTest, TimeAndEnergyOfTrainingAndEvaluationAreAddedUp) {
  gpus_ = FakeTrainingGpus(4);
  Open(Options(), 3);
  while (TrainEpoch(0.1)) gpus_.Work(Seconds(0));
  const RunResult result = SavedResult();
  EXPECT_NEAR(result.energy.value(), gpus_.energy().value(), 1e-6);
  EXPECT_NEAR(result.time.value(), gpus_.time().value(), 1e-9);
  EXPECT_NEAR(result.cost.value(), 0.5 * result.energy.value() + 0.5 * 4 * 250 * result.time.value(), 1e-6);
  EXPECT_EQ(result.num_epochs, 3);
  EXPECT_FALSE(result.reached);
  EXPECT_EQ(result, session_->result());
}

TEST_F(TrainingSessionTest, WhatHappensBetweenTheEpochsPartsIsNotCounted) {
  Open(Options(), 1);
  ASSERT_TRUE(TrainEpoch(0.1));
  const Seconds counted = gpus_.time();
  gpus_.Work(Seconds(1000));
  EXPECT_EQ(session_->BeginEpoch().value(), NextEpoch::kMaxEpochs);
  EXPECT_NEAR(SavedResult().time.value(), counted.value(), 1e-9);
}

TEST_F(TrainingSessionTest, EndsWhenTheTargetIsReached) {
  Open(Options());
  ASSERT_TRUE(TrainEpoch(0.89));
  ASSERT_TRUE(TrainEpoch(0.9));
  EXPECT_EQ(session_->BeginEpoch().value(), NextEpoch::kReached);
  EXPECT_TRUE(SavedResult().reached);
  EXPECT_EQ(SavedResult().num_epochs, 2);
  EXPECT_THAT(session_->BeginEpoch(), IsError(ErrorCode::kFailedPrecondition, "the run has ended"));
}

TEST_F(TrainingSessionTest, ALowerMetricMayBeTheBetter) {
  Open(Options());
  for (const auto& [metric, reached] :
       {std::pair{0.91, false}, std::pair{std::numeric_limits<double>::quiet_NaN(), false}, std::pair{0.9, true}}) {
    ASSERT_EQ(session_->BeginEpoch().value(), NextEpoch::kTrain);
    Train(100);
    ASSERT_THAT(session_->ReportMetric(metric, MetricDirection::kLowerIsBetter), IsOk());
    EXPECT_EQ(session_->result().reached, reached);
  }
  EXPECT_EQ(session_->BeginEpoch().value(), NextEpoch::kReached);
}

TEST_F(TrainingSessionTest, EndsBeforeAnEpochThatIsExpectedToCostTooMuch) {
  Open(Options(), 2);
  while (TrainEpoch(0.1)) {
  }
  const Joules two_epochs = SavedResult().cost;
  ASSERT_TRUE(std::filesystem::remove(ProfileFile()));

  const Joules before = gpus_.energy();
  SessionOptions options = Options();
  options.cost_threshold = (1 - 1e-9) * two_epochs;
  Open(options);
  ASSERT_TRUE(TrainEpoch(0.1));
  EXPECT_EQ(session_->BeginEpoch().value(), NextEpoch::kCostThreshold);
  const CostThresholdExceeded exceeded = session_->cost_threshold_exceeded().value();
  EXPECT_NEAR(exceeded.energy.value(), (gpus_.energy() - before).value(), 1e-6);
  EXPECT_NEAR(exceeded.next_cost.value(), two_epochs.value(), 1e-6);
  EXPECT_EQ(exceeded.threshold, options.cost_threshold);
  EXPECT_LT(exceeded.cost, exceeded.next_cost);
  EXPECT_FALSE(SavedResult().reached);
  EXPECT_EQ(SavedResult().num_epochs, 1);
}

TEST_F(TrainingSessionTest, TheFirstEpochAlwaysRuns) {
  Open(Options());
  ASSERT_TRUE(TrainEpoch(0.1));
  SessionOptions options = Options();
  options.cost_threshold = Joules(1e-3);
  Open(options);
  ASSERT_TRUE(TrainEpoch(0.1));
  EXPECT_EQ(session_->BeginEpoch().value(), NextEpoch::kCostThreshold);
}

TEST_F(TrainingSessionTest, AProfileThatIsThereIsUsedFromTheFirstBatch) {
  Open(Options());
  ASSERT_TRUE(TrainEpoch(0.1));
  gpus_ = FakeTrainingGpus();
  Open(Options());
  EXPECT_THAT(gpus_.limits_set(), ElementsAre(Watts(150)));
  EXPECT_EQ(session_->optimal_limit(), Watts(150));
  ASSERT_TRUE(TrainEpoch(0.1));
  EXPECT_THAT(gpus_.limits_set(), ElementsAre(Watts(150)));
}

TEST_F(TrainingSessionTest, AnObserverProfilesAndTrainsAtTheHighestLimit) {
  SessionOptions options = Options();
  options.limit_use = LimitUse::kMaximum;
  Open(options);
  ASSERT_TRUE(TrainEpoch(0.1));
  EXPECT_EQ(session_->optimal_limit(), Watts(150));
  EXPECT_EQ(gpus_.limit(), Watts(250));
  const PowerProfile profile = ReadPowerProfile(ProfileFile()).value();
  EXPECT_TRUE(profile.eval.contains(Watts(250)));
  gpus_ = FakeTrainingGpus();
  Open(options);
  EXPECT_THAT(gpus_.limits_set(), ElementsAre(Watts(250)));
}

TEST_F(TrainingSessionTest, EvaluationMayBeLeftOut) {
  Open(Options(), 2);
  while (session_->BeginEpoch().value() == NextEpoch::kTrain) Train(100);
  EXPECT_THAT(ReadPowerProfile(ProfileFile()).value().eval, IsEmpty());
  EXPECT_EQ(SavedResult().num_epochs, 2);
}

TEST_F(TrainingSessionTest, ADamagedProfileIsNamedAndLeftAlone) {
  std::filesystem::create_directories(ProfileFile().parent_path());
  std::ofstream(ProfileFile()) << "{\"job_id\": \"half";
  const auto session =
      TrainingSession::Create({.batch_size = kBatchSize, .max_epochs = 1}, Options(), {.gpus = &gpus_});
  EXPECT_THAT(session, IsError(ErrorCode::kInvalidData, "bs64.power.json: not valid JSON"));
  EXPECT_THAT(gpus_.limits_set(), IsEmpty());
}

TEST_F(TrainingSessionTest, AWindowWithoutEnergyIsAnErrorThatSaysWhatToDo) {
  gpus_ = FakeTrainingGpus(1, [](Watts) { return FakeTrainingGpus::Pace{.stretch = 1, .power = Watts(0)}; });
  Open(Options());
  ASSERT_THAT(session_->BeginEpoch(), IsOk());
  ASSERT_THAT(session_->BeginTraining(100), IsOk());
  Result<void> batch;
  for (int i = 0; i < 7 && batch; ++i) {
    batch = session_->OnBatch();
    gpus_.Work(kBatch);
  }
  EXPECT_THAT(batch, IsError(ErrorCode::kUnavailable,
                             "power limit 250 W: 4 iterations took 0.4 s and 0 J, too little for the GPUs' energy "
                             "counters; measure more of them (ZEUS_PROFILE_PARAMS)"));
}

TEST_F(TrainingSessionTest, WhatTheGpusCannotDoIsAnError) {
  gpus_.FailWith(Error{ErrorCode::kPermissionDenied, "GPU 0: not you"});
  EXPECT_THAT(TrainingSession::Create({.batch_size = kBatchSize, .max_epochs = 1}, Options(), {.gpus = &gpus_}),
              IsError(ErrorCode::kPermissionDenied, "GPU 0: not you"));
  gpus_.FailWith(std::nullopt);
  Open(Options());
  ASSERT_THAT(session_->BeginEpoch(), IsOk());
  gpus_.FailWith(Error{ErrorCode::kUnavailable, "GPU 0: lost"});
  EXPECT_THAT(session_->BeginTraining(100), IsError(ErrorCode::kUnavailable, "GPU 0: lost"));
}

TEST_F(TrainingSessionTest, BadArguments) {
  const auto create = [&](SessionJob job, const SessionOptions& options, TrainingGpus* gpus) {
    return TrainingSession::Create(job, options, {.gpus = gpus});
  };
  EXPECT_THAT(create({.batch_size = 0, .max_epochs = 1}, Options(), &gpus_),
              IsError(ErrorCode::kInvalidArgument, "batch_size: expected 1 or more, found 0"));
  EXPECT_THAT(create({.batch_size = 1, .max_epochs = -1}, Options(), &gpus_),
              IsError(ErrorCode::kInvalidArgument, "max_epochs: expected 1 or more, found -1"));
  EXPECT_THAT(create({.batch_size = 1, .max_epochs = 1}, Options(), nullptr),
              IsError(ErrorCode::kInvalidArgument, "rank 0 needs the GPUs"));
  SessionOptions options = Options();
  options.eta = 2;
  EXPECT_THAT(create({.batch_size = 1, .max_epochs = 1}, options, &gpus_),
              IsError(ErrorCode::kInvalidArgument, "the eta knob is 2"));
  options = Options();
  options.log_dir = "/proc/zeus_log";
  EXPECT_THAT(create({.batch_size = 1, .max_epochs = 1}, options, &gpus_),
              IsError(ErrorCode::kPermissionDenied, "/proc/zeus_log: the log folder cannot be made"));
}

TEST_F(TrainingSessionTest, EventsOutOfOrderAreNamed) {
  Open(Options());
  const auto expect = [](const Result<void>& event, const std::string& message) {
    EXPECT_THAT(event, IsError(ErrorCode::kFailedPrecondition, message));
  };
  expect(session_->BeginTraining(10), "BeginTraining out of order in epoch 0: BeginEpoch comes first");
  expect(session_->OnBatch(), "OnBatch out of order in epoch 0: BeginTraining comes first");
  ASSERT_THAT(session_->BeginEpoch(), IsOk());
  EXPECT_THAT(session_->BeginEpoch(), IsError(ErrorCode::kFailedPrecondition, "BeginTraining comes first"));
  expect(session_->EndTraining(), "BeginTraining comes first");
  expect(session_->BeginEvaluation(1), "EndTraining comes first");
  EXPECT_THAT(session_->BeginTraining(0), IsError(ErrorCode::kInvalidArgument, "expected 1 or more, found 0"));
  ASSERT_THAT(session_->BeginTraining(100), IsOk());
  EXPECT_THAT(session_->BeginEpoch(), IsError(ErrorCode::kFailedPrecondition, "EndTraining comes first"));
  expect(session_->ReportMetric(1, MetricDirection::kHigherIsBetter), "EndTraining comes first");
  ASSERT_THAT(session_->EndTraining(), IsOk());
  expect(session_->EndEvaluation(), "BeginEvaluation comes first");
  EXPECT_THAT(session_->BeginEvaluation(0), IsError(ErrorCode::kInvalidArgument, "expected 1 or more, found 0"));
  ASSERT_THAT(session_->BeginEvaluation(1), IsOk());
  EXPECT_THAT(session_->BeginEpoch(), IsError(ErrorCode::kFailedPrecondition, "EndEvaluation comes first"));
}

TEST_F(TrainingSessionTest, ALowestLimitOffTheGridIsLeftOut) {
  EXPECT_THAT(LimitsToProfile({Watts(110), Watts(200), Watts(200)}),
              ElementsAre(Watts(200), Watts(175), Watts(150), Watts(125)));
  EXPECT_THAT(LimitsToProfile({Watts(200), Watts(200), Watts(200)}), ElementsAre(Watts(200)));
}

}  // namespace
}  // namespace zeus
