#include "emulator/model/fit_accuracy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus::emulator {
namespace {

using testing::IsError;

FitSetup SetupOf(Rows rows, FitTo fit_to) {
  return {.weights = {.eta = 0.5, .max_power = Watts(250)}, .step = Watts(25), .rows = rows, .fit_to = fit_to};
}

// Only enough of a reader for a file without quotes: this library may not use zeus/trace.
std::vector<RecordedWork> ReadConfigurations(const std::filesystem::path& path) {
  std::map<std::string, RecordedWork> configurations;
  std::ifstream file(path);
  std::string field;
  std::getline(file, field);
  const auto number = [&](char end) {
    std::getline(file, field, end);
    return std::stod(field);
  };
  while (file.peek() != std::ifstream::traits_type::eof()) {
    std::string key;
    for (int i = 0; i < 4; ++i) {
      std::getline(file, field, ',');
      key += field + ',';
    }
    const Watts limit(number(','));
    const Seconds time(number(','));
    configurations[key].push_back({.limit = limit, .time = time, .power = Watts(number('\n'))});
  }
  std::vector<RecordedWork> sorted;
  for (auto& [key, runs] : configurations) {
    std::ranges::sort(runs, {}, &ObservedRun::limit);
    sorted.push_back(std::move(runs));
  }
  return sorted;
}

RecordedWork MadeByTheModel(const GpuModel& gpu, Seconds compute) {
  const Work work = {.compute = compute,
                     .memory = Seconds(40),
                     .host = Seconds(5),
                     .computing = {.compute = 0.5, .memory = 0},
                     .moving = {.compute = 0.5 * gpu.power.stalled_compute, .memory = 1}};
  RecordedWork limits;
  for (int limit = 100; limit <= 250; limit += 25) {
    limits.push_back({.limit = Watts(limit), .time = Seconds(1), .power = Watts(1)});
  }
  return Predict(gpu, work, limits);
}

TEST(MeasureFitTest, FindsHardlyAnErrorInWhatTheModelMade) {
  const GpuModel gpu = *FindPreset("v100");
  const std::vector<RecordedWork> made = {MadeByTheModel(gpu, Seconds(100)), MadeByTheModel(gpu, Seconds(300))};
  for (const Rows rows : {Rows::kAll, Rows::kHeldOut}) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const FitAccuracy accuracy,
                              MeasureFit(gpu, made, SetupOf(rows, FitTo::kRowsAndCheapest)));
    EXPECT_EQ(accuracy.all.configurations, 2U);
    EXPECT_EQ(accuracy.rows, rows == Rows::kAll ? 14U : 6U);
    EXPECT_LT(accuracy.time.percentile90, 0.02);
    EXPECT_LT(accuracy.power.percentile90, 0.02);
    EXPECT_EQ(accuracy.all.one_step, 1);
    EXPECT_EQ(accuracy.limited.configurations, 2U);
  }
}

TEST(MeasureFitTest, TellsApartWhatMeetsNoLimit) {
  const GpuModel gpu = *FindPreset("v100");
  RecordedWork idle;
  for (int limit = 100; limit <= 250; limit += 25) {
    const Seconds time(limit == 250 ? 99.0 : 100.0);
    idle.push_back({.limit = Watts(limit), .time = time, .power = PowerAt(gpu, {}, gpu.Clocks().highest)});
  }
  ZEUS_ASSERT_OK_AND_ASSIGN(const FitAccuracy accuracy, MeasureFit(gpu, {idle}, SetupOf(Rows::kAll, FitTo::kRows)));
  EXPECT_EQ(accuracy.all.configurations, 1U);
  EXPECT_EQ(accuracy.all.one_step, 0);
  EXPECT_EQ(accuracy.all.one_step_or_same, 1);
  EXPECT_NEAR(accuracy.all.mean_regret, 1.0 / 99, 1e-9);
  EXPECT_EQ(accuracy.limited.configurations, 0U);
}

TEST(MeasureFitTest, LeavesOutWhatIsTooShortToHoldOut) {
  const GpuModel gpu = *FindPreset("v100");
  RecordedWork two = MadeByTheModel(gpu, Seconds(100));
  two.resize(2);
  ZEUS_ASSERT_OK_AND_ASSIGN(const FitAccuracy accuracy, MeasureFit(gpu, {two}, SetupOf(Rows::kHeldOut, FitTo::kRows)));
  EXPECT_EQ(accuracy.all.configurations, 0U);
  EXPECT_EQ(accuracy.rows, 0U);
}

TEST(MeasureFitTest, FailsWithTheFit) {
  EXPECT_THAT(MeasureFit(*FindPreset("v100"), {{{}}}, SetupOf(Rows::kAll, FitTo::kRows)),
              IsError(ErrorCode::kInvalidArgument, "expected finite numbers above 0"));
}

TEST(MeasureFitTest, TellsThePublishedTraceOfTheV100) {
  const std::filesystem::path trace = testing::SharedFolder() / "traces" / "summary_power_v100.csv";
  if (!std::filesystem::exists(trace)) GTEST_SKIP() << "no published trace at " << trace << "; set ZEUS_SHARED_DIR";
  const GpuModel gpu = *FindPreset("v100");
  const std::vector<RecordedWork> configurations = ReadConfigurations(trace);
  ZEUS_ASSERT_OK_AND_ASSIGN(const FitAccuracy fitted,
                            MeasureFit(gpu, configurations, SetupOf(Rows::kAll, FitTo::kRowsAndCheapest)));
  EXPECT_EQ(fitted.all.configurations, 68U);
  EXPECT_EQ(fitted.rows, 476U);
  EXPECT_LT(fitted.time.median, 0.02);
  EXPECT_LT(fitted.power.median, 0.02);
  EXPECT_GE(fitted.all.one_step_or_same, 0.9);
  EXPECT_GE(fitted.limited.one_step, 0.9);
  ZEUS_ASSERT_OK_AND_ASSIGN(const FitAccuracy held_out,
                            MeasureFit(gpu, configurations, SetupOf(Rows::kHeldOut, FitTo::kRows)));
  EXPECT_LT(held_out.time.median, 0.03);
  EXPECT_LT(held_out.power.median, 0.03);
  EXPECT_GE(held_out.limited.one_step, 0.9);
}

}  // namespace
}  // namespace zeus::emulator
