#include "services/batch_size_server/job_metrics.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "services/store/memory_store.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using store::MemoryStore;
using ::testing::HasSubstr;
using testing::IsOk;

// Jobs of one converged run each.
void Fill(store::Store& store, int jobs) {
  const Result<void> put = store.Atomically([&]() -> Result<void> {
    for (int i = 0; i < jobs; ++i) {
      store::JobRecord job{.settings = {.job_id = fmt::format("job{}", i),
                                        .batch_sizes = {8, 16},
                                        .default_batch_size = 16,
                                        .max_power = Watts(100),
                                        .gpu_model = "V100"}};
      job.stage = i % 2 == 0 ? store::Stage::kExploration : store::Stage::kBandit;
      ZEUS_RETURN_IF_ERROR(store.PutJob(job));
      ZEUS_RETURN_IF_ERROR(
          store.PutTrial({.job_id = job.settings.job_id,
                          .trial_number = 1,
                          .batch_size = 16,
                          .status = store::TrialStatus::kSucceeded,
                          .end_ms = 0,
                          .result = store::TrialResult{
                              .result_number = 1, .energy = Joules(2), .time = Seconds(3), .converged = true}}));
    }
    return {};
  });
  ASSERT_THAT(put, IsOk());
}

// And in how many steps they were taken in.
int WriteAll(store::Store& store, std::string* text) {
  JobMetrics metrics;
  int steps = 0;
  for (; !metrics.whole(); ++steps) EXPECT_THAT(metrics.AddSomeJobs(store), IsOk());
  http::MetricsText written;
  metrics.Write(written);
  *text = written.Take();
  return steps;
}

TEST(JobMetricsTest, ManyJobsAreTakenInAFewAtATime) {
  MemoryStore store;
  Fill(store, 101);
  std::string text;
  EXPECT_GT(WriteAll(store, &text), 3);
  EXPECT_THAT(text, HasSubstr("zeus_jobs{stage=\"exploration\"} 51\n"));
  EXPECT_THAT(text, HasSubstr("zeus_jobs{stage=\"bandit\"} 50\n"));
  EXPECT_THAT(text, HasSubstr("zeus_trials{outcome=\"converged\"} 101\n"));
  EXPECT_THAT(text, HasSubstr("zeus_spent_joules 202\n"));
  EXPECT_THAT(text, HasSubstr("zeus_saved_joules 0\n"));
}

TEST(JobMetricsTest, NoJobsAreNone) {
  MemoryStore store;
  std::string text;
  EXPECT_EQ(WriteAll(store, &text), 1);
  EXPECT_THAT(text, HasSubstr("zeus_jobs{stage=\"bandit\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("zeus_trials{outcome=\"failed\"} 0\n"));
}

}  // namespace
}  // namespace zeus
