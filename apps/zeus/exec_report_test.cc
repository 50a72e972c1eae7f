#include "apps/zeus/exec_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::IsError;

ExecRun RunOf(double seconds, std::vector<Result<EnergyFigure>> energies, int exit_code = 0) {
  ExecRun run{.time = Seconds(seconds), .exit_code = exit_code, .figures = {}};
  for (Result<EnergyFigure>& energy : energies) run.figures.push_back({.energy = std::move(energy), .peak = Watts(99)});
  return run;
}

EnergyFigure Figure(double joules) {
  return {.energy = Joules(joules)};
}

ExecReport Report(std::vector<ExecRun> runs) {
  return {.command = {"train"},
          .devices = {{.name = "gpu0", .title = "GPU 0 card", .is_gpu = true},
                      {.name = "gpu1", .title = "GPU 1 card", .is_gpu = true},
                      {.name = "cpu0", .title = "CPU 0 package-0"}},
          .runs = std::move(runs),
          .idle = {},
          .iterations = {},
          .notes = {}};
}

const Result<EnergyFigure> kLost = Fail(ErrorCode::kUnavailable, "GPU is lost");

TEST(ExecReportTest, GpusTogetherAreWithoutCpus) {
  const ExecReport report =
      Report({RunOf(1, {Figure(10), Figure(20), Figure(500)}), RunOf(1, {Figure(12), Figure(22), Figure(500)})});
  ZEUS_ASSERT_OK_AND_ASSIGN(const Interval all, GpuEnergyOver(report));
  EXPECT_EQ(all.mean, 32);
  // Student's t for one degree of freedom is 12.706; the samples 30 and 34 deviate by sqrt(8).
  EXPECT_NEAR(*all.half_width, 12.706 * 2, 0.001);
}

TEST(ExecReportTest, ALostGpuIsMissingAndTheOthersAreNot) {
  const ExecReport report =
      Report({RunOf(1, {Figure(10), Figure(20), Figure(1)}), RunOf(1, {Figure(10), kLost, Figure(1)})});
  EXPECT_THAT(EnergyOver(report, 0), testing::IsOk());
  EXPECT_THAT(EnergyOver(report, 1), IsError(ErrorCode::kUnavailable, "GPU is lost"));
  EXPECT_THAT(GpuEnergyOver(report), IsError(ErrorCode::kUnavailable, "GPU 1 card is missing: GPU is lost"));
  EXPECT_THAT(ExecText(report, Console{}), HasSubstr("- GPU 1 card is missing: GPU is lost\n"));
  EXPECT_THAT(ExecCsv(report), HasSubstr("\n2,gpu1,1.0,,,99.0,missing,0\n"));
}

TEST(ExecReportTest, ABudgetIsAboutTheMean) {
  ExecReport report =
      Report({RunOf(1, {Figure(10), Figure(0), Figure(0)}), RunOf(1, {Figure(30), Figure(0), Figure(0)})});
  EXPECT_EQ(CheckBudget(report, {}).state, BudgetState::kKept);
  EXPECT_EQ(CheckBudget(report, {.energy = Joules(20), .energy_per_iteration = {}}).state, BudgetState::kKept);
  const BudgetVerdict passed = CheckBudget(report, {.energy = Joules(19.5), .energy_per_iteration = {}});
  EXPECT_EQ(passed.state, BudgetState::kPassed);
  EXPECT_EQ(passed.message,
            "energy budget passed: the GPUs used 20.000 J (mean of 2 runs), more than --max-energy 19.5 J");
  report.iterations = 10;
  EXPECT_EQ(CheckBudget(report, {.energy = {}, .energy_per_iteration = Joules(2)}).state, BudgetState::kKept);
  EXPECT_EQ(CheckBudget(report, {.energy = {}, .energy_per_iteration = Joules(1.9)}).state, BudgetState::kPassed);
}

TEST(ExecReportTest, ABudgetWithoutAllFiguresIsUnknown) {
  const ExecReport report = Report({RunOf(1, {Figure(10), kLost, Figure(1)})});
  const BudgetVerdict verdict = CheckBudget(report, {.energy = Joules(1000), .energy_per_iteration = {}});
  EXPECT_EQ(verdict.state, BudgetState::kUnknown);
  EXPECT_THAT(verdict.message, HasSubstr("GPU 1 card is missing"));
}

TEST(ExecReportTest, ACommandThatTookNoTimeHasNoAveragePower) {
  EXPECT_THAT(ExecJson(Report({RunOf(0, {Figure(0), Figure(0), Figure(0)})})), HasSubstr("\"average_power_W\": null"));
}

}  // namespace
}  // namespace zeus
