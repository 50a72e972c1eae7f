#include "zeus/monitor/step_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

class StepMonitorTest : public ::testing::Test {
 protected:
  std::unique_ptr<StepMonitor> Create(int skip_steps, int profile_steps) {
    return StepMonitor::Create(*monitor_, {.skip_steps = skip_steps, .profile_steps = profile_steps}).value();
  }

  void Step(StepMonitor& steps, double seconds) {
    ASSERT_THAT(steps.StartStep(), IsOk());
    clock_.Advance(Seconds(seconds));
    ASSERT_THAT(steps.FinishStep(), IsOk());
  }

  ManualClock clock_;
  FakeGpu gpu_{{}, clock_};
  std::vector<Gpu*> gpus_{&gpu_};
  std::unique_ptr<EnergyMonitor> monitor_ = EnergyMonitor::Create(gpus_, {}, {.clock = clock_}).value();
};

TEST_F(StepMonitorTest, SkipsMeasuresAndThenDoesNothing) {
  const auto steps = Create(2, 3);
  gpu_.DrawPower(Watts(100));
  Step(*steps, 50);
  Step(*steps, 40);
  EXPECT_FALSE(steps->IsDone().value());
  for (const double seconds : {1.0, 2.0, 3.0}) {
    clock_.Advance(Seconds(7));  // Between steps nothing counts.
    Step(*steps, seconds);
  }
  EXPECT_TRUE(steps->IsDone().value());
  Step(*steps, 90);
  EXPECT_NEAR(steps->TotalEnergy()->value(), 600, 1e-6);
  EXPECT_NEAR(steps->AverageEnergy()->value(), 200, 1e-6);
  EXPECT_DOUBLE_EQ(steps->TotalTime()->value(), 6);
  EXPECT_DOUBLE_EQ(steps->AverageTime()->value(), 2);
}

TEST_F(StepMonitorTest, FiguresBeforeTheLastStepAreAnError) {
  const auto steps = Create(0, 2);
  Step(*steps, 1);
  EXPECT_THAT(steps->TotalEnergy(), IsError(ErrorCode::kFailedPrecondition, "1 of 2 steps are measured so far"));
  EXPECT_THAT(steps->AverageEnergy(), IsError(ErrorCode::kFailedPrecondition, ""));
  EXPECT_THAT(steps->TotalTime(), IsError(ErrorCode::kFailedPrecondition, ""));
  EXPECT_THAT(steps->AverageTime(), IsError(ErrorCode::kFailedPrecondition, ""));
}

TEST_F(StepMonitorTest, WithinAStepNothingIsDone) {
  const auto steps = Create(0, 1);
  ASSERT_THAT(steps->StartStep(), IsOk());
  EXPECT_THAT(steps->IsDone(), IsError(ErrorCode::kFailedPrecondition, "within a step"));
  EXPECT_THAT(steps->StartStep(), IsError(ErrorCode::kFailedPrecondition, "a step begins within a step"));
  ASSERT_THAT(steps->FinishStep(), IsOk());
  EXPECT_THAT(steps->FinishStep(), IsError(ErrorCode::kFailedPrecondition, "was not started"));
}

TEST_F(StepMonitorTest, ResetBeginsAnew) {
  const auto steps = Create(1, 1);
  gpu_.DrawPower(Watts(10));
  Step(*steps, 1);
  ASSERT_THAT(steps->StartStep(), IsOk());  // Measured, and forgotten.
  steps->Reset();
  Step(*steps, 1);
  EXPECT_FALSE(steps->IsDone().value());
  Step(*steps, 5);
  EXPECT_NEAR(steps->TotalEnergy()->value(), 50, 1e-6);
}

TEST_F(StepMonitorTest, AStepWithoutItsGpuDoesNotCount) {
  const auto steps = Create(0, 1);
  ASSERT_THAT(steps->StartStep(), IsOk());
  gpu_.FailWith(Error{ErrorCode::kUnavailable, "GPU is lost"});
  EXPECT_THAT(steps->FinishStep(), IsError(ErrorCode::kUnavailable, "a step does not count: "));
  EXPECT_FALSE(steps->IsDone().value());
}

TEST_F(StepMonitorTest, ImpossibleNumbersOfSteps) {
  EXPECT_THAT(StepMonitor::Create(*monitor_, {.skip_steps = -1}),
              IsError(ErrorCode::kInvalidArgument, "skip_steps: expected 0 or more, found -1"));
  EXPECT_THAT(StepMonitor::Create(*monitor_, {.profile_steps = 0}),
              IsError(ErrorCode::kInvalidArgument, "profile_steps: expected 1 or more, found 0"));
}

}  // namespace
}  // namespace zeus
