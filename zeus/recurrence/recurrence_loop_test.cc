#include "zeus/recurrence/recurrence_loop.h"

#include <gmock/gmock.h>

#include <deque>
#include <limits>

#include "tests/support/fake_executor.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/optimizer/power_limit/just_in_time_policy.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::FakeExecutor;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using ::testing::SizeIs;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Proposes what it is told to, and then 32 for ever; remembers what it is told of the results.
class ScriptedPolicy final : public BatchSizePolicy {
 public:
  std::deque<Proposal> proposals;
  std::vector<Observation> observations;
  Result<void> observe_result;

  [[nodiscard]] std::string_view name() const override { return "scripted"; }
  Result<JobId> RegisterJob(const JobIdentity&, const KnobSpace&) override { return JobId{3}; }
  Result<Proposal> Predict(JobId job) override {
    EXPECT_EQ(job, JobId{3});
    if (proposals.empty()) return Proposal{.batch_size = 32, .power_limit = {}};
    const Proposal proposal = proposals.front();
    proposals.pop_front();
    if (proposal.batch_size == 0) return Fail(ErrorCode::kUnreachable, "nothing left to try");
    return proposal;
  }
  Result<void> Observe(JobId job, const Observation& observation) override {
    EXPECT_EQ(job, JobId{3});
    observations.push_back(observation);
    return observe_result;
  }
  [[nodiscard]] Result<std::string> SaveBeliefs() const override { return std::string(); }
  Result<void> LoadBeliefs(std::string_view) override { return {}; }
};

Outcome Reached(double energy, double time) {
  return {.ending = Ending::kReached, .power_limit = {}, .energy = Joules(energy), .time = Seconds(time)};
}

Outcome NotReached(double energy, double time) {
  return {.ending = Ending::kNotReached, .power_limit = {}, .energy = Joules(energy), .time = Seconds(time)};
}

Outcome DidNotRun() {
  return {.ending = Ending::kDidNotRun, .power_limit = {}, .energy = {}, .time = {}};
}

// A loop over scripted proposals and outcomes. eta 0.5 and MaxPower 100 W: a try of e J and t s costs e/2 + 50 t.
class RecurrenceLoopTest : public ::testing::Test {
 protected:
  RecurrenceLoopTest() {
    executor_.profile = {{Watts(200), Joules(9)}, {Watts(150), Joules(7)}, {Watts(100), Joules(8)}};
    executor_.answer = [this](const TryRequest&) -> Result<Outcome> {
      if (outcomes_.empty()) return Reached(100, 1);
      const Outcome outcome = outcomes_.front();
      outcomes_.pop_front();
      return outcome;
    };
  }

  Result<RecurrenceLoop> Create(double beta = 2) {
    const JobIdentity job{.workload = {.dataset = "pictures", .network = "small", .optimizer = "adam"},
                          .target_metric = 0.5,
                          .max_epochs = 10,
                          .default_batch_size = 32,
                          .default_learning_rate = {},
                          .workdir = {}};
    return RecurrenceLoop::Create(job, *KnobSpace::OfBatchSizes({16, 32, 64}), *CostMetric::Create(0.5, Watts(100)),
                                  beta, {&policy_, &power_limits_, &executor_});
  }

  void Propose(const std::vector<int64_t>& batch_sizes) {
    for (const int64_t batch_size : batch_sizes)
      policy_.proposals.push_back({.batch_size = batch_size, .power_limit = {}});
  }

  ScriptedPolicy policy_;
  JustInTimePolicy power_limits_;
  FakeExecutor executor_;
  std::deque<Outcome> outcomes_;
  History history_;
};

TEST_F(RecurrenceLoopTest, OneTryThatReachesIsARecurrence) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  outcomes_ = {Reached(1000, 8)};
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_EQ(loop.state().recurrences_done, 1);
  EXPECT_EQ(loop.state().min_cost, Joules(900));
  EXPECT_THAT(history_, ElementsAre(HistoryEntry{.recurrence = 0,
                                                 .attempt = 0,
                                                 .batch_size = 32,
                                                 .power_limit = Watts(150),
                                                 .energy = Joules(1000),
                                                 .time = Seconds(8),
                                                 .reached = true}));
  ASSERT_THAT(policy_.observations, SizeIs(1));
  EXPECT_EQ(policy_.observations[0].batch_size, 32);
  EXPECT_EQ(policy_.observations[0].cost, Joules(900));
  EXPECT_TRUE(policy_.observations[0].reached);
}

TEST_F(RecurrenceLoopTest, TriesAgainWithinTheRecurrenceUntilReached) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  Propose({32, 64, 16, 32});
  outcomes_ = {Reached(1000, 8), NotReached(400, 2), NotReached(200, 1), Reached(600, 4)};
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  ASSERT_THAT(history_, SizeIs(4));
  for (int attempt = 0; attempt < 3; ++attempt) {
    const HistoryEntry& entry = history_[static_cast<size_t>(attempt) + 1];
    EXPECT_EQ(entry.recurrence, 1);
    EXPECT_EQ(entry.attempt, attempt);
    EXPECT_EQ(entry.reached, attempt == 2);
  }
  EXPECT_EQ(executor_.requests[3].recurrence, 1);
  EXPECT_EQ(executor_.requests[3].attempt, 2);
  EXPECT_FALSE(policy_.observations[1].reached);
  EXPECT_EQ(policy_.observations[1].cost, Joules(300));
}

TEST_F(RecurrenceLoopTest, TheCheapestRecurrenceCountsAllItsTries) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  Propose({32, 64, 32});
  outcomes_ = {Reached(1000, 8), NotReached(400, 2), Reached(600, 4), Reached(700, 5)};
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_EQ(loop.state().min_cost, Joules(800));  // 300 for the failed try, 500 for the one that reached; not 500.
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_EQ(loop.state().min_cost, Joules(600));
}

TEST_F(RecurrenceLoopTest, ATryIsBoundedByBetaTimesTheCheapestRecurrence) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create(1.5));
  outcomes_ = {Reached(1000, 8), Reached(500, 8), Reached(5000, 8), Reached(5000, 8)};
  for (int i = 0; i < 4; ++i) ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  std::vector<double> bounds;
  for (const TryRequest& request : executor_.requests) bounds.push_back(request.cost_upper_bound.value());
  EXPECT_THAT(bounds, ElementsAre(kInfinity, 1350, 975, 975));
}

TEST_F(RecurrenceLoopTest, AnInfiniteBetaBoundsNothing) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create(kInfinity));
  for (int i = 0; i < 3; ++i) ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_EQ(executor_.requests[2].cost_upper_bound, Joules(kInfinity));
}

TEST_F(RecurrenceLoopTest, TwentyTriesThatMissAreUnreachableAndTheHistoryHasThemAll) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  outcomes_ = {Reached(1000, 8)};
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  outcomes_.assign(25, NotReached(10, 1));
  const auto unreachable =
      IsError(ErrorCode::kUnreachable, "recurrence 1: 20 tries did not reach the target metric 0.5");
  EXPECT_THAT(loop.RunRecurrence(&history_), unreachable);
  ASSERT_THAT(history_, SizeIs(21));
  EXPECT_EQ(history_.back().attempt, 19);
  EXPECT_THAT(outcomes_, SizeIs(5));
  EXPECT_EQ(loop.state().recurrences_done, 1);
  EXPECT_EQ(loop.state().min_cost, Joules(900));
}

TEST_F(RecurrenceLoopTest, ADefaultThatFailsInTheFirstRecurrenceIsUnreachable) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  outcomes_ = {NotReached(1000, 8)};
  EXPECT_THAT(loop.RunRecurrence(&history_), IsError(ErrorCode::kUnreachable,
                                                     "the default batch size 32 did not reach the target metric 0.5 of "
                                                     "pictures/small/adam within 10 epochs"));
  EXPECT_THAT(history_, SizeIs(1));
  ASSERT_THAT(policy_.observations, SizeIs(1));
  EXPECT_FALSE(policy_.observations[0].reached);
  EXPECT_EQ(loop.state().recurrences_done, 0);
}

TEST_F(RecurrenceLoopTest, AnotherBatchSizeMayFailInTheFirstRecurrence) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  Propose({64, 32});
  outcomes_ = {NotReached(1000, 8), Reached(1000, 8)};
  EXPECT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_EQ(loop.state().min_cost, Joules(1800));
}

TEST_F(RecurrenceLoopTest, TheDefaultMayFailInALaterRecurrence) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  outcomes_ = {Reached(1000, 8), NotReached(1000, 8), Reached(1000, 8)};
  EXPECT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_THAT(loop.RunRecurrence(&history_), IsOk());
}

TEST_F(RecurrenceLoopTest, ATryThatDidNotRunIsPunishedButNeitherPaidForNorRecorded) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create(2));
  Propose({32, 64, 32});
  outcomes_ = {Reached(1000, 8), DidNotRun(), Reached(100, 1)};
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  ASSERT_THAT(policy_.observations, SizeIs(3));
  EXPECT_EQ(policy_.observations[1].batch_size, 64);
  EXPECT_EQ(policy_.observations[1].cost, Joules(100 * 2 * 900));
  EXPECT_FALSE(policy_.observations[1].reached);
  ASSERT_THAT(history_, SizeIs(2));
  EXPECT_EQ(history_[1].attempt, 1);
  EXPECT_EQ(loop.state().min_cost, Joules(100));  // Of the second recurrence: only the try that ran.
}

TEST_F(RecurrenceLoopTest, TriesThatDidNotRunCountAsTries) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  outcomes_ = {Reached(1000, 8)};
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  outcomes_.assign(30, DidNotRun());
  EXPECT_THAT(loop.RunRecurrence(&history_), IsError(ErrorCode::kUnreachable, "20 tries"));
  EXPECT_THAT(history_, SizeIs(1));
  EXPECT_THAT(executor_.requests, SizeIs(21));
}

TEST_F(RecurrenceLoopTest, EachBatchSizeIsProfiledOnceAndRunsAtItsBestLimit) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  Propose({32, 32, 64, 32});
  for (int i = 0; i < 4; ++i) ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_EQ(executor_.profilings, 2);
  EXPECT_EQ(executor_.requests[0].power_limit, std::nullopt);
  EXPECT_EQ(executor_.requests[1].power_limit, Watts(150));
  EXPECT_EQ(executor_.requests[2].power_limit, std::nullopt);
  for (const HistoryEntry& entry : history_) EXPECT_EQ(entry.power_limit, Watts(150));
}

TEST_F(RecurrenceLoopTest, APolicysOwnPowerLimitIsUsedWithoutProfiling) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  policy_.proposals.push_back({.batch_size = 64, .power_limit = Watts(175)});
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_EQ(executor_.profilings, 0);
  EXPECT_EQ(executor_.requests[0].power_limit, Watts(175));
  EXPECT_EQ(history_[0].power_limit, Watts(175));
}

TEST_F(RecurrenceLoopTest, ErrorsOfTheExecutorPassThrough) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  executor_.answer = [](const TryRequest&) -> Result<Outcome> {
    return Fail(ErrorCode::kUnavailable, "the GPU fell off the bus");
  };
  EXPECT_THAT(loop.RunRecurrence(&history_), IsError(ErrorCode::kUnavailable, "fell off the bus"));
  EXPECT_THAT(history_, IsEmpty());
  EXPECT_THAT(policy_.observations, IsEmpty());
  EXPECT_EQ(loop.state().recurrences_done, 0);
}

TEST_F(RecurrenceLoopTest, ErrorsOfThePolicyPassThrough) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  Propose({0});
  EXPECT_THAT(loop.RunRecurrence(&history_), IsError(ErrorCode::kUnreachable, "nothing left"));
  EXPECT_THAT(executor_.requests, IsEmpty());
  policy_.observe_result = Fail(ErrorCode::kFailedPrecondition, "never asked");
  EXPECT_THAT(loop.RunRecurrence(&history_), IsError(ErrorCode::kFailedPrecondition, "never asked"));
}

TEST_F(RecurrenceLoopTest, ABatchSizeOutsideTheKnobsIsAnError) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  Propose({48});
  EXPECT_THAT(loop.RunRecurrence(&history_), IsError(ErrorCode::kInvalidArgument, "batch size 48"));
}

TEST_F(RecurrenceLoopTest, ContinuesFromARestoredState) {
  ZEUS_ASSERT_OK_AND_ASSIGN(RecurrenceLoop loop, Create());
  loop.Restore({.recurrences_done = 7, .min_cost = Joules(400)});
  outcomes_ = {NotReached(10, 1), Reached(1000, 8)};  // No longer the first recurrence: the default may fail.
  ASSERT_THAT(loop.RunRecurrence(&history_), IsOk());
  EXPECT_EQ(history_[0].recurrence, 7);
  EXPECT_EQ(executor_.requests[0].cost_upper_bound, Joules(800));
  EXPECT_EQ(loop.state().recurrences_done, 8);
  EXPECT_EQ(loop.state().min_cost, Joules(400));
}

TEST_F(RecurrenceLoopTest, RefusesImpossibleKnobs) {
  EXPECT_THAT(Create(0), IsError(ErrorCode::kInvalidArgument, "beta"));
  EXPECT_THAT(Create(-1), IsError(ErrorCode::kInvalidArgument, "beta"));
  EXPECT_THAT(Create(std::numeric_limits<double>::quiet_NaN()), IsError(ErrorCode::kInvalidArgument, "beta"));
}

}  // namespace
}  // namespace zeus
