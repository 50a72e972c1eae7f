#include "services/batch_size_server/job_view.h"

#include <gmock/gmock.h>

namespace zeus {
namespace {

using store::TrialRecord;
using store::TrialStatus;
using ::testing::DoubleEq;

// Half of the energy, and half of 100 W over the time.
store::JobSettings Settings() {
  return {.job_id = "job",
          .job_id_prefix = "job",
          .batch_sizes = {8, 16, 32},
          .default_batch_size = 16,
          .eta_knob = 0.5,
          .max_power = Watts(100),
          .gpu_model = "V100"};
}

TrialRecord Ended(int64_t number, int64_t batch_size, double energy, double time, bool converged) {
  return {.job_id = "job",
          .trial_number = number,
          .batch_size = batch_size,
          .status = TrialStatus::kSucceeded,
          .end_ms = 0,
          .result = store::TrialResult{
              .result_number = number, .energy = Joules(energy), .time = Seconds(time), .converged = converged}};
}

TEST(JobViewTest, IsEmptyWithoutTrials) {
  const JobView view = ViewJob(Settings(), {});
  ASSERT_EQ(view.batch_sizes.size(), 3U);
  EXPECT_EQ(view.batch_sizes[2].batch_size, 32);
  EXPECT_EQ(view.batch_sizes[2].mean_cost, std::nullopt);
  EXPECT_EQ(view.savings, std::nullopt);
}

TEST(JobViewTest, MeansAndLowestCostsAreOfConvergedResults) {
  const JobView view = ViewJob(Settings(), {Ended(1, 16, 1000, 10, true),
                                            Ended(2, 16, 3000, 30, true),
                                            Ended(3, 16, 10, 0, false),
                                            {.trial_number = 4, .batch_size = 8}});
  const BatchSizeView& by_default = view.batch_sizes[1];
  EXPECT_EQ(by_default.results, 3U);
  EXPECT_EQ(by_default.converged, 2U);
  EXPECT_THAT(by_default.lowest_cost->value(), DoubleEq(1000));  // 500 + 50 * 10
  EXPECT_THAT(by_default.mean_cost->value(), DoubleEq(2000));
  EXPECT_EQ(view.batch_sizes[0].results, 0U);
  EXPECT_EQ(view.succeeded, 3U);
}

TEST(JobViewTest, SavingsCountWhatFailedRunsSpent) {
  const JobView view =
      ViewJob(Settings(), {Ended(1, 16, 1000, 10, true),
                           Ended(2, 8, 500, 8, false),
                           Ended(3, 32, 400, 6, true),
                           {.trial_number = 4, .batch_size = 8, .status = TrialStatus::kFailed, .end_ms = 0}});
  ASSERT_NE(view.savings, std::nullopt);
  EXPECT_EQ(view.savings->converged, 2U);
  EXPECT_THAT(view.savings->spent.energy.value(), DoubleEq(1900));
  EXPECT_THAT(view.savings->spent.time.value(), DoubleEq(24));
  EXPECT_THAT(view.savings->spent.cost.value(), DoubleEq(950 + 1200));
  EXPECT_THAT(view.savings->by_default.energy.value(), DoubleEq(2000));
  EXPECT_THAT(view.savings->by_default.time.value(), DoubleEq(20));
  EXPECT_THAT(view.savings->by_default.cost.value(), DoubleEq(2000));
  EXPECT_EQ(view.failed, 1U);
}

TEST(JobViewTest, NothingIsSavedBeforeTheDefaultHasConverged) {
  EXPECT_EQ(ViewJob(Settings(), {Ended(1, 16, 1, 1, false), Ended(2, 8, 1, 1, true)}).savings, std::nullopt);
}

}  // namespace
}  // namespace zeus
