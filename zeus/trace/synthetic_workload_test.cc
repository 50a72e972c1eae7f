#include "zeus/trace/synthetic_workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/trace/synthetic_presets.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

// Epochs to the last target of each run, by batch size; 0 for never.
std::map<int64_t, std::vector<int64_t>> LastTargetEpochs(const SyntheticWorkload& workload, const TrainTrace& trace) {
  std::map<int64_t, std::vector<int64_t>> epochs;
  for (const TrainRow& row : trace.rows) {
    if (row.target_metric == workload.target_metrics.back()) {
      epochs[row.batch_size].push_back(row.target_epoch.value_or(0));
    }
  }
  return epochs;
}

TEST(SyntheticWorkloadTest, TheSameSeedGivesTheSameTraceAndAnotherSeedAnother) {
  const SyntheticWorkload workload;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace first, GenerateTrainTrace(workload, 5));
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace again, GenerateTrainTrace(workload, 5));
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace other, GenerateTrainTrace(workload, 6));
  EXPECT_EQ(ToCsv(first), ToCsv(again));
  EXPECT_NE(ToCsv(first), ToCsv(other));
}

TEST(SyntheticWorkloadTest, WithoutNoiseEpochsAreTheFormulasRoundedUp) {
  SyntheticWorkload workload;
  workload.batch_sizes = {64, 256, 1024};
  workload.default_batch_size = 256;
  workload.critical_batch_size = 1024;
  workload.noisy_batch_size = 64;
  workload.epochs = 20;
  workload.run_noise = 0;
  workload.target_metrics = {1, 2};
  workload.target_exponent = 2;
  workload.runs = 1;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace trace, GenerateTrainTrace(workload, 1));
  // The best batch size is sqrt(1024 * 64) = 256. At 64 and 1024 it takes (1 + 1/16) * 2 / (1 + 1/4)^2 = 1.36 as long.
  std::vector<std::optional<int64_t>> epochs;
  for (const TrainRow& row : trace.rows) epochs.push_back(row.target_epoch);
  EXPECT_THAT(epochs, ::testing::ElementsAre(7, 28, 5, 20, 7, 28));
}

TEST(SyntheticWorkloadTest, ExpectedEpochsAreConvexOverLogBatchSizeAndSmallestInBetween) {
  const SyntheticWorkload workload;
  std::vector<double> epochs;
  for (int64_t size = 8; size <= 8192; size *= 2) epochs.push_back(ExpectedEpochs(workload, size));
  for (size_t i = 1; i + 1 < epochs.size(); ++i) EXPECT_LT(2 * epochs[i], epochs[i - 1] + epochs[i + 1]);
  const auto best = std::ranges::min_element(epochs);
  EXPECT_NE(best, epochs.begin());
  EXPECT_NE(best, epochs.end() - 1);
  EXPECT_GE(*best, workload.epochs);
}

TEST(SyntheticWorkloadTest, ARunReachesEasierTargetsNoLaterThanHarderOnes) {
  SyntheticWorkload workload;
  workload.failure_probability = 0.5;
  workload.runs = 50;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace trace, GenerateTrainTrace(workload, 3));
  ASSERT_EQ(trace.rows.size(), workload.batch_sizes.size() * 50 * 4);
  size_t partly_reached = 0;
  for (size_t i = 0; i < trace.rows.size(); i += 4) {
    for (size_t k = 1; k < 4; ++k) {
      const auto& easier = trace.rows[i + k - 1].target_epoch;
      const auto& harder = trace.rows[i + k].target_epoch;
      ASSERT_EQ(trace.rows[i + k - 1].run, trace.rows[i + k].run);
      if (harder) {
        ASSERT_TRUE(easier.has_value());
        EXPECT_LE(*easier, *harder);
        EXPECT_GE(*easier, 1);
      }
    }
    partly_reached += trace.rows[i].target_epoch && !trace.rows[i + 3].target_epoch ? 1 : 0;
  }
  EXPECT_GT(partly_reached, 20U);
}

TEST(SyntheticWorkloadTest, BatchSizesOutsideTheConvergingOnesNeverReachTheLastTarget) {
  SyntheticWorkload workload;
  workload.smallest_converging = 32;
  workload.largest_converging = 1024;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace trace, GenerateTrainTrace(workload, 1));
  for (const auto& [batch_size, epochs] : LastTargetEpochs(workload, trace)) {
    const bool converges = batch_size >= 32 && batch_size <= 1024;
    EXPECT_EQ(std::ranges::count(epochs, 0), converges ? 0 : 4) << batch_size;
  }
}

TEST(SyntheticWorkloadTest, WhatTakesLongerThanMaxEpochsIsNeverReached) {
  SyntheticWorkload workload;
  workload.max_epochs = 50;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace trace, GenerateTrainTrace(workload, 1));
  for (const TrainRow& row : trace.rows) EXPECT_LE(row.target_epoch.value_or(0), 50);
  const auto at_smallest = LastTargetEpochs(workload, trace)[16];  // About 66 epochs.
  EXPECT_EQ(std::ranges::count(at_smallest, 0), 4);
}

TEST(SyntheticWorkloadTest, AFailureLeavesOtherRunsAsTheyAre) {
  SyntheticWorkload workload;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace sound, GenerateTrainTrace(workload, 1));
  workload.failure_probability = 0.3;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace failing, GenerateTrainTrace(workload, 1));
  size_t failed = 0;
  for (size_t i = 0; i < sound.rows.size(); ++i) {
    if (failing.rows[i].target_epoch) {
      EXPECT_EQ(failing.rows[i], sound.rows[i]);
    }
    failed += failing.rows[i].target_epoch == sound.rows[i].target_epoch ? 0 : 1;
  }
  EXPECT_GT(failed, 5U);
}

TEST(SyntheticWorkloadTest, LearningRatesFollowTheOptimizersRule) {
  SyntheticWorkload workload;
  workload.default_batch_size = 256;
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace linear, GenerateTrainTrace(workload, 1));
  EXPECT_DOUBLE_EQ(linear.rows.front().learning_rate, 0.1 / 16);
  workload.workload.optimizer = "adam";
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace root, GenerateTrainTrace(workload, 1));
  EXPECT_DOUBLE_EQ(root.rows.front().learning_rate, 0.1 / 4);
}

TEST(SyntheticWorkloadTest, EpochTimeIsIterationsTimesOverheadAndSamplesTimesWork) {
  SyntheticWorkload workload;
  workload.dataset_size = 1001;
  workload.batch_sizes = {10};
  workload.default_batch_size = 10;
  workload.compute_per_sample = Seconds(0.002);
  workload.memory_per_sample = Seconds(0.001);
  workload.overhead_per_iteration = Seconds(0.5);
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerTrace trace,
                            GeneratePowerTrace(workload, {.max_limit = Watts(1000), .speed = 4}));
  EXPECT_NEAR(trace.rows.back().time_per_epoch.value(), 101 * 0.5 + 0.75075, 1e-4);
}

TEST(SyntheticWorkloadTest, PowerIsNeverAboveTheLimitAndTimeNeverGrowsWithIt) {
  for (const SyntheticPreset& preset : SyntheticPresets()) {
    for (const SyntheticGpu& gpu : SyntheticGpuPresets()) {
      ZEUS_ASSERT_OK_AND_ASSIGN(const PowerTrace trace, GeneratePowerTrace(preset.workload, gpu));
      for (size_t i = 0; i < trace.rows.size(); ++i) {
        const PowerRow& row = trace.rows[i];
        EXPECT_LE(row.average_power, row.power_limit);
        EXPECT_GE(row.average_power, gpu.idle_power);
        if (i == 0 || trace.rows[i - 1].batch_size != row.batch_size) continue;
        EXPECT_LE(row.time_per_epoch, trace.rows[i - 1].time_per_epoch);
      }
    }
  }
}

TEST(SyntheticWorkloadTest, ALimitThatRoundingWouldPassIsKept) {
  const SyntheticGpu gpu = {.min_limit = Watts(100.12345), .max_limit = Watts(100.12345)};
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerTrace trace, GeneratePowerTrace({}, gpu));
  for (const PowerRow& row : trace.rows) EXPECT_LE(row.average_power, row.power_limit);
}

TEST(SyntheticWorkloadTest, EnergyOfEveryPresetIsSmallestAtALimitInBetween) {
  for (const SyntheticPreset& preset : SyntheticPresets()) {
    for (const SyntheticGpu& gpu : SyntheticGpuPresets()) {
      ZEUS_ASSERT_OK_AND_ASSIGN(const PowerTrace trace, GeneratePowerTrace(preset.workload, gpu));
      std::vector<Joules> energies;
      for (const PowerRow& row : trace.rows) {
        if (row.batch_size == preset.workload.default_batch_size) {
          energies.push_back(row.average_power * row.time_per_epoch);
        }
      }
      const auto least = std::ranges::min_element(energies);
      EXPECT_NE(least, energies.begin()) << preset.name << " on " << gpu.name;
      EXPECT_LT(*least, energies.back() * 0.95) << preset.name << " on " << gpu.name;
    }
  }
}

TEST(SyntheticWorkloadTest, ADefaultBatchSizeThatNeverConvergesIsAnError) {
  SyntheticWorkload workload;
  workload.default_batch_size = 2048;
  EXPECT_THAT(GenerateTrainTrace(workload, 1),
              IsError(ErrorCode::kInvalidArgument,
                      "default_batch_size: with these parameters no run at batch size 2048 reaches the last target "
                      "metric 0.75 within 100 epochs"));
}

struct BadWorkload {
  std::string field;
  std::function<void(SyntheticWorkload*)> spoil;
};

void PrintTo(const BadWorkload& bad, std::ostream* out) {
  *out << bad.field;
}

class SyntheticWorkloadErrorTest : public ::testing::TestWithParam<BadWorkload> {};

TEST_P(SyntheticWorkloadErrorTest, NamesTheField) {
  SyntheticWorkload workload;
  ASSERT_THAT(Validate(workload), IsOk());
  GetParam().spoil(&workload);
  const std::string beginning = GetParam().field + ": ";
  EXPECT_THAT(Validate(workload), IsError(ErrorCode::kInvalidArgument, beginning));
  EXPECT_THAT(GenerateTrainTrace(workload, 1), IsError(ErrorCode::kInvalidArgument, beginning));
  EXPECT_THAT(GeneratePowerTrace(workload, {}), IsError(ErrorCode::kInvalidArgument, beginning));
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    Fields, SyntheticWorkloadErrorTest,
    ::testing::Values(
        BadWorkload{"dataset", [](SyntheticWorkload* w) { w->workload.dataset = ""; }},
        BadWorkload{"dataset", [](SyntheticWorkload* w) { w->workload.dataset = "a\nb"; }},
        BadWorkload{"network", [](SyntheticWorkload* w) { w->workload.network = ""; }},
        BadWorkload{"optimizer", [](SyntheticWorkload* w) { w->workload.optimizer = "magic"; }},
        BadWorkload{"dataset_size", [](SyntheticWorkload* w) { w->dataset_size = 0; }},
        BadWorkload{"batch_sizes", [](SyntheticWorkload* w) { w->batch_sizes = {}; }},
        BadWorkload{"batch_sizes", [](SyntheticWorkload* w) { w->batch_sizes = {0, 256}; }},
        BadWorkload{"batch_sizes", [](SyntheticWorkload* w) { w->batch_sizes = {256, 256}; }},
        BadWorkload{"batch_sizes", [](SyntheticWorkload* w) { w->batch_sizes = {256, 128}; }},
        BadWorkload{"default_batch_size", [](SyntheticWorkload* w) { w->default_batch_size = 100; }},
        BadWorkload{"default_learning_rate", [](SyntheticWorkload* w) { w->default_learning_rate = 0; }},
        BadWorkload{"compute_per_sample", [](SyntheticWorkload* w) { w->compute_per_sample = Seconds(0); }},
        BadWorkload{"memory_per_sample", [](SyntheticWorkload* w) { w->memory_per_sample = Seconds(-1); }},
        BadWorkload{"overhead_per_iteration", [](SyntheticWorkload* w) { w->overhead_per_iteration = Seconds(kNan); }},
        BadWorkload{"target_metrics", [](SyntheticWorkload* w) { w->target_metrics = {}; }},
        BadWorkload{"target_metrics", [](SyntheticWorkload* w) { w->target_metrics = {0.1, 0.3, 0.2}; }},
        BadWorkload{"target_metrics", [](SyntheticWorkload* w) { w->target_metrics = {0.1, 0.1}; }},
        BadWorkload{"target_metrics", [](SyntheticWorkload* w) { w->target_metrics = {kNan}; }},
        BadWorkload{"epochs", [](SyntheticWorkload* w) { w->epochs = 0; }},
        BadWorkload{"target_exponent", [](SyntheticWorkload* w) { w->target_exponent = -1; }},
        BadWorkload{"max_epochs", [](SyntheticWorkload* w) { w->max_epochs = 0; }},
        BadWorkload{"critical_batch_size", [](SyntheticWorkload* w) { w->critical_batch_size = 0; }},
        BadWorkload{"noisy_batch_size", [](SyntheticWorkload* w) { w->noisy_batch_size = -1; }},
        BadWorkload{"run_noise", [](SyntheticWorkload* w) { w->run_noise = -0.1; }},
        BadWorkload{"smallest_converging", [](SyntheticWorkload* w) { w->smallest_converging = -1; }},
        BadWorkload{"largest_converging", [](SyntheticWorkload* w) { w->largest_converging = 0; }},
        BadWorkload{"failure_probability", [](SyntheticWorkload* w) { w->failure_probability = 1.1; }},
        BadWorkload{"runs", [](SyntheticWorkload* w) { w->runs = 0; }},
        BadWorkload{"runs", [](SyntheticWorkload* w) { w->runs = 1'000'000; }}));

TEST(SyntheticWorkloadTest, TargetsMayFallAsErrorRatesDo) {
  SyntheticWorkload workload;
  workload.target_metrics = {60, 50, 40};
  EXPECT_THAT(GenerateTrainTrace(workload, 1), IsOk());
}

TEST(SyntheticPresetsTest, UnknownNamesListTheKnownOnes) {
  EXPECT_THAT(FindSyntheticPreset("audio"),
              IsError(ErrorCode::kInvalidArgument, "preset: expected one of vision, language, recommendation"));
  EXPECT_THAT(FindSyntheticGpuPreset("v100"),
              IsError(ErrorCode::kInvalidArgument, "gpu_preset: expected one of synthetic-small, synthetic-large"));
}

TEST(SyntheticPresetsTest, DefaultJobsAreTheLastTargetAtTheDefaultBatchSize) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const SyntheticWorkload workload, FindSyntheticPreset("language"));
  const JobIdentity job = DefaultJob(workload);
  EXPECT_EQ(job.workload, workload.workload);
  EXPECT_EQ(job.target_metric, 84);
  EXPECT_EQ(job.max_epochs, 12);
  EXPECT_EQ(job.default_batch_size, 64);
  EXPECT_EQ(job.default_learning_rate, 5e-5);
}

}  // namespace
}  // namespace zeus
