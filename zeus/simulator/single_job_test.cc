#include "zeus/simulator/single_job.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/support/first_difference.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/small_simulations.h"
#include "tests/support/small_traces.h"

namespace zeus {
namespace {

using testing::FirstDifference;
using testing::HistoryText;
using testing::IsError;
using testing::IsOk;
using ::testing::SizeIs;
using testing::SmallJobTrace;

class SingleJobSimulationTest : public ::testing::Test {
 protected:
  Result<SingleJobSimulation> Create(const SimulationOptions& options = {}) {
    return SingleJobSimulation::Create(trace_, options);
  }

  JobTrace trace_ = SmallJobTrace();
};

TEST_F(SingleJobSimulationTest, RunsAsManyRecurrencesAsAskedForInAll) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create());
  ASSERT_THAT(simulation.RunUntil(5), IsOk());
  EXPECT_EQ(simulation.recurrences_done(), 5);
  ASSERT_THAT(simulation.RunUntil(5), IsOk());
  EXPECT_EQ(simulation.recurrences_done(), 5);
  ASSERT_THAT(simulation.RunUntil(12), IsOk());
  EXPECT_EQ(simulation.recurrences_done(), 12);
  EXPECT_EQ(simulation.history().back().recurrence, 11);
}

TEST_F(SingleJobSimulationTest, PoliciesThatTheCallerMadeMakeTheSameHistory) {
  const SimulationOptions options{.seed = 7};
  Policies policies{.batch_size = *MakeBatchSizePolicy("pruned-thompson", ToPolicyOptions(options)),
                    .power_limit = *MakePowerLimitPolicy("jit")};
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation,
                            SingleJobSimulation::Create(trace_, options, std::move(policies)));
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation by_name, Create(options));
  ASSERT_THAT(simulation.RunUntil(60), IsOk());
  ASSERT_THAT(by_name.RunUntil(60), IsOk());
  EXPECT_EQ(FirstDifference(HistoryText(simulation.history()), HistoryText(by_name.history())), "");
}

TEST_F(SingleJobSimulationTest, StartsWithTheDefaultAndProfilesIt) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create());
  ASSERT_THAT(simulation.RunUntil(1), IsOk());
  const HistoryEntry& first = simulation.history().front();
  EXPECT_EQ(first.batch_size, 32);
  EXPECT_EQ(first.power_limit, Watts(200));              // 1075 J an epoch, against 1360 J at 100 W.
  EXPECT_GT(first.time, Seconds(6.5));                   // The profiling epoch,
  EXPECT_EQ(std::fmod(first.time.value() - 6.5, 5), 0);  // then whole epochs.
}

TEST_F(SingleJobSimulationTest, PartsMakeTheSameHistoryAsOnePiece) {
  for (const testing::NamedOptions& named : testing::OptionsToTry()) {
    ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation whole, Create(named.options));
    ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation parts, Create(named.options));
    ASSERT_THAT(whole.RunUntil(60), IsOk());
    for (int i = 1; i <= 60; ++i) ASSERT_THAT(parts.RunUntil(i), IsOk());
    EXPECT_EQ(FirstDifference(HistoryText(parts.history()), HistoryText(whole.history())), "") << named.name;
  }
}

TEST_F(SingleJobSimulationTest, TheSeedDecides) {
  SimulationOptions options;
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation first, Create(options));
  options.seed = 2;
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation second, Create(options));
  ASSERT_THAT(first.RunUntil(60), IsOk());
  ASSERT_THAT(second.RunUntil(60), IsOk());
  EXPECT_NE(HistoryText(first.history()), HistoryText(second.history()));
}

TEST_F(SingleJobSimulationTest, MayBeMovedInTheMiddle) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation whole, Create());
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation moved, Create());
  ASSERT_THAT(whole.RunUntil(40), IsOk());
  ASSERT_THAT(moved.RunUntil(20), IsOk());
  SingleJobSimulation there = std::move(moved);
  ASSERT_THAT(there.RunUntil(40), IsOk());
  EXPECT_EQ(FirstDifference(HistoryText(there.history()), HistoryText(whole.history())), "");
}

TEST_F(SingleJobSimulationTest, ADefaultThatNeverReachesEndsItWithItsTryInTheHistory) {
  trace_.job.default_batch_size = 128;
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create());
  EXPECT_THAT(simulation.RunUntil(10), IsError(ErrorCode::kUnreachable, "the default batch size 128"));
  EXPECT_THAT(simulation.history(), SizeIs(1));
  EXPECT_EQ(simulation.recurrences_done(), 0);
}

TEST_F(SingleJobSimulationTest, ABatchSizeOutsideTheTraceForThisTargetIsAnError) {
  JobIdentity job = testing::SmallJob();
  job.target_metric = 0.4;  // Recorded at batch size 32 only; 16 stays feasible and comes next.
  trace_ = *testing::SmallTraces().Select(job);
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create());
  EXPECT_THAT(simulation.RunUntil(10), IsError(ErrorCode::kNotFound, "batch size 16 for target metric 0.4"));
}

TEST_F(SingleJobSimulationTest, RefusesImpossibleOptions) {
  SimulationOptions options;
  options.eta = 1.5;
  EXPECT_THAT(Create(options), IsError(ErrorCode::kInvalidArgument, "eta"));
  options = {};
  options.beta = 0;
  EXPECT_THAT(Create(options), IsError(ErrorCode::kInvalidArgument, "beta"));
  options = {};
  options.policies.batch_size = "best";
  EXPECT_THAT(Create(options), IsError(ErrorCode::kInvalidArgument, "\"best\"; there are: pruned-thompson"));
  options = {};
  options.policies.power_limit = "best";
  EXPECT_THAT(Create(options), IsError(ErrorCode::kInvalidArgument, "\"best\"; there are: jit, max"));
}

}  // namespace
}  // namespace zeus
