#include "apps/zeus/synthetic_flags.h"

#include <gtest/gtest.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <vector>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;

Result<SyntheticSetup> Parse(const std::string& line) {
  CLI::App app;
  SyntheticFlags flags;
  flags.AddTo(app);
  app.parse(line);
  return flags.Choose();
}

TEST(SyntheticFlagsTest, WithoutFlagsTheFirstPresetsStay) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const SyntheticSetup setup, Parse(""));
  EXPECT_EQ(setup.workload.workload.dataset, "synthetic-images");
  EXPECT_EQ(setup.workload.dataset_size, SyntheticWorkload().dataset_size);
  EXPECT_EQ(setup.gpu.name, "synthetic-small");
  EXPECT_EQ(setup.gpu.max_limit, SyntheticGpu().max_limit);
}

TEST(SyntheticFlagsTest, AFlagChangesItsParameterAndNothingElse) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const SyntheticSetup setup,
                            Parse("--preset language --gpu-preset synthetic-large --gpu desktop --dataset books "
                                  "--network tiny --optimizer adam --batch-sizes 2,4 --target-metrics 9,8.5 --b0 4 "
                                  "--compute-per-sample 0.5 --run-noise 0.25 --min-limit 130"));
  EXPECT_EQ(ToText(setup.workload.workload), "books/tiny/adam");
  EXPECT_THAT(setup.workload.batch_sizes, ElementsAre(2, 4));
  EXPECT_THAT(setup.workload.target_metrics, ElementsAre(9, 8.5));
  EXPECT_EQ(setup.workload.default_batch_size, 4);
  EXPECT_EQ(setup.workload.compute_per_sample, Seconds(0.5));
  EXPECT_EQ(setup.workload.run_noise, 0.25);
  EXPECT_EQ(setup.workload.dataset_size, 80'000);
  EXPECT_EQ(setup.gpu.name, "desktop");
  EXPECT_EQ(setup.gpu.min_limit, Watts(130));
  EXPECT_EQ(setup.gpu.max_limit, Watts(400));
}

// Each flag in turn, with a value that no preset has: together they must set every number of the setup.
TEST(SyntheticFlagsTest, EveryNumberHasAFlag) {
  ZEUS_ASSERT_OK_AND_ASSIGN(
      const SyntheticSetup setup,
      Parse("--dataset-size 11 --b0 12 --default-learning-rate 13 --compute-per-sample 14 --memory-per-sample 15 "
            "--overhead-per-iteration 16 --epochs 17 --target-exponent 18 --max-epochs 19 --critical-batch-size 20 "
            "--noisy-batch-size 21 --run-noise 22 --smallest-converging 23 --largest-converging 24 "
            "--failure-probability 25 --runs 26 --idle-power 27 --memory-power 28 --full-power 29 "
            "--power-exponent 30 --min-limit 31 --max-limit 32 --limit-step 33 --speed 34"));
  const SyntheticWorkload& workload = setup.workload;
  EXPECT_THAT((std::vector<int64_t>{workload.dataset_size, workload.default_batch_size, workload.max_epochs,
                                    workload.smallest_converging, workload.largest_converging, workload.runs}),
              ElementsAre(11, 12, 19, 23, 24, 26));
  EXPECT_THAT((std::vector<double>{workload.default_learning_rate, workload.compute_per_sample.value(),
                                   workload.memory_per_sample.value(), workload.overhead_per_iteration.value(),
                                   workload.epochs, workload.target_exponent, workload.critical_batch_size,
                                   workload.noisy_batch_size, workload.run_noise, workload.failure_probability}),
              ElementsAre(13, 14, 15, 16, 17, 18, 20, 21, 22, 25));
  const SyntheticGpu& gpu = setup.gpu;
  EXPECT_THAT(
      (std::vector<double>{gpu.idle_power.value(), gpu.memory_power.value(), gpu.full_power.value(), gpu.power_exponent,
                           gpu.min_limit.value(), gpu.max_limit.value(), gpu.limit_step.value(), gpu.speed}),
      ElementsAre(27, 28, 29, 30, 31, 32, 33, 34));
}

TEST(SyntheticFlagsTest, HelpShowsEachPresetsDefault) {
  CLI::App app;
  SyntheticFlags flags;
  flags.AddTo(app);
  EXPECT_THAT(app.help(), HasSubstr("Samples per epoch [50000; 80000; 4000000]"));
  EXPECT_THAT(app.help(), HasSubstr("Highest power limit [250; 400]"));
}

TEST(SyntheticFlagsTest, ListsMustBeOfNumbers) {
  EXPECT_THAT(Parse("--batch-sizes 2,x"), IsError(ErrorCode::kInvalidArgument, "--batch-sizes: expected a whole"));
  EXPECT_THAT(Parse("--batch-sizes 2,,4"), IsError(ErrorCode::kInvalidArgument, "--batch-sizes: "));
  EXPECT_THAT(Parse("--target-metrics 2,x"), IsError(ErrorCode::kInvalidArgument, "--target-metrics: expected a num"));
}

TEST(SyntheticFlagsTest, AFractionIsNoWholeNumber) {
  EXPECT_THROW((void)Parse("--runs 1.5"), CLI::ParseError);
}

TEST(NameFlagTest, ParametersBecomeFlags) {
  const auto named = [](const char* message) {
    return NameFlag({.code = ErrorCode::kInvalidArgument, .message = message}).message;
  };
  EXPECT_EQ(named("run_noise: expected"), "--run-noise: expected");
  EXPECT_EQ(named("default_batch_size: expected"), "--b0: expected");
  EXPECT_EQ(named("/tmp/a.csv: cannot open"), "/tmp/a.csv: cannot open");
  EXPECT_EQ(named("no colon"), "no colon");
}

}  // namespace
}  // namespace zeus
