#include "zeus/simulator/cluster.h"

#include <gmock/gmock.h>

#include <deque>
#include <memory>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/small_simulations.h"
#include "tests/support/small_traces.h"
#include "zeus/base/adler32.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using ::testing::SizeIs;

// What a group's simulation asked of its policy and told it.
struct Log {
  std::deque<int64_t> proposals;  // What to propose; 16 once there are no more.
  int predictions = 0;
  std::vector<Observation> observations;
};

class ScriptedPolicy final : public BatchSizePolicy {
 public:
  explicit ScriptedPolicy(Log* log) : log_(log) {}

  [[nodiscard]] std::string_view name() const override { return "scripted"; }
  Result<JobId> RegisterJob(const JobIdentity&, const KnobSpace&) override { return JobId{}; }
  Result<Proposal> Predict(JobId) override {
    ++log_->predictions;
    Proposal proposal{.batch_size = 16, .power_limit = {}};
    if (log_->proposals.empty()) return proposal;
    proposal.batch_size = log_->proposals.front();
    log_->proposals.pop_front();
    return proposal;
  }
  Result<void> Observe(JobId, const Observation& observation) override {
    log_->observations.push_back(observation);
    return {};
  }
  [[nodiscard]] Result<std::string> SaveBeliefs() const override { return std::string(); }
  Result<void> LoadBeliefs(std::string_view) override { return {}; }

 private:
  Log* log_;
};

Submission Submit(double start, double end, double runtime_ratio = 1) {
  return {.start = Seconds(start), .end = Seconds(end), .runtime_ratio = runtime_ratio};
}

// Groups on the small trace: 16 always reaches in 2 epochs, 128 never does; eta 0.5, power limits not profiled unless
// said otherwise. An epoch at 200 W takes 6 s and 900 J at 16, 3 s and 594 J at 128.
class ClusterTest : public ::testing::Test {
 protected:
  ClusterTest() {
    EXPECT_THAT(factory_.Register("scripted",
                                  [this](const PolicyOptions&) -> Result<std::unique_ptr<BatchSizePolicy>> {
                                    return std::make_unique<ScriptedPolicy>(&log_);
                                  }),
                IsOk());
    options_.policies = {.batch_size = "scripted", .power_limit = "max"};
  }

  Result<GroupResult> Simulate(const std::vector<Submission>& submissions, const std::string& name = "group-a") {
    return SimulateGroup({.name = name, .dataset = "pictures", .submissions = submissions}, trace_, options_, factory_);
  }

  // Submission and attempt of each entry, in the history's order.
  static std::vector<std::pair<int64_t, int>> Order(const History& history) {
    std::vector<std::pair<int64_t, int>> order;
    for (const HistoryEntry& entry : history) order.emplace_back(entry.recurrence, entry.attempt);
    return order;
  }

  static std::vector<int64_t> BatchSizes(const History& history) {
    std::vector<int64_t> batch_sizes;
    for (const HistoryEntry& entry : history) batch_sizes.push_back(entry.batch_size);
    return batch_sizes;
  }

  JobTrace trace_ = testing::SmallJobTrace();
  Log log_;
  PolicyFactory factory_;
  SimulationOptions options_;
};

TEST_F(ClusterTest, NoSubmissionsComeToNothing) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({}));
  EXPECT_THAT(result.history, IsEmpty());
  EXPECT_EQ(log_.predictions, 0);
}

TEST_F(ClusterTest, ASubmissionAfterTheLastEndedAsksThePolicy) {
  log_.proposals = {16, 32, 16};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(100, 200), Submit(250, 300)}));
  EXPECT_EQ(log_.predictions, 3);
  EXPECT_THAT(BatchSizes(result.history), ElementsAre(16, 32, 16));
}

TEST_F(ClusterTest, AnOverlappingSubmissionUsesTheDefaultWhileNothingIsKnown) {
  log_.proposals = {16};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(50, 150)}));
  EXPECT_EQ(log_.predictions, 1);
  EXPECT_THAT(BatchSizes(result.history), ElementsAre(16, 32));
}

TEST_F(ClusterTest, AnOverlappingSubmissionUsesTheBestKnownBatchSize) {
  options_.beta = 100;
  log_.proposals = {16, 64};
  trace_.batch_sizes[2].target_epochs = {4};  // 64 always reaches; it costs more than 16.
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(100, 200), Submit(150, 250),
                                                                Submit(199, 300), Submit(300, 400)}));
  EXPECT_EQ(log_.predictions, 3);
  EXPECT_THAT(BatchSizes(result.history), ElementsAre(16, 64, 16, 16, 16));
}

TEST_F(ClusterTest, RunsAreObservedInTheOrderTheyEnd) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 500), Submit(10, 300), Submit(20, 100)}));
  EXPECT_THAT(Order(result.history), ElementsAre(std::pair(2, 0), std::pair(1, 0), std::pair(0, 0)));
}

TEST_F(ClusterTest, OfRunsThatEndTogetherTheFirstStartedIsObservedFirst) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(10, 100), Submit(20, 100)}));
  EXPECT_THAT(Order(result.history), ElementsAre(std::pair(0, 0), std::pair(1, 0), std::pair(2, 0)));
}

TEST_F(ClusterTest, ARunThatEndsWhenAnotherIsSubmittedIsReapedFirst) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(100, 200)}));
  EXPECT_EQ(log_.predictions, 2);
  EXPECT_THAT(Order(result.history), ElementsAre(std::pair(0, 0), std::pair(1, 0)));
}

TEST_F(ClusterTest, AMissIsTriedAgainForAsLongAsItTook) {
  // The first run misses at 100; its retry lasts until 200, so that the submission at 150 overlaps it.
  log_.proposals = {128, 16};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(150, 180)}));
  EXPECT_THAT(Order(result.history), ElementsAre(std::pair(0, 0), std::pair(1, 0), std::pair(0, 1)));
  EXPECT_THAT(BatchSizes(result.history), ElementsAre(128, 32, 16));
  EXPECT_EQ(log_.predictions, 2);
  EXPECT_FALSE(result.history[0].reached);
}

TEST_F(ClusterTest, ARetryWhileAnotherRunIsUnderWayUsesTheBestKnownBatchSize) {
  log_.proposals = {16, 128};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(100, 200), Submit(150, 1000)}));
  EXPECT_THAT(Order(result.history), ElementsAre(std::pair(0, 0), std::pair(1, 0), std::pair(1, 1), std::pair(2, 0)));
  EXPECT_THAT(BatchSizes(result.history), ElementsAre(16, 128, 16, 16));
  EXPECT_EQ(log_.predictions, 2);
}

TEST_F(ClusterTest, SeveralRetriesMayEndBeforeTheNextSubmission) {
  log_.proposals = {128, 128, 128, 16, 32};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(450, 500)}));
  EXPECT_THAT(Order(result.history),
              ElementsAre(std::pair(0, 0), std::pair(0, 1), std::pair(0, 2), std::pair(0, 3), std::pair(1, 0)));
  EXPECT_EQ(log_.predictions, 5);
}

TEST_F(ClusterTest, TheHistoryIsScaledByTheRuntimeRatioAndTheCostIsNot) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100, 1.5), Submit(200, 300, 0.5)}));
  ASSERT_THAT(result.history, SizeIs(2));
  EXPECT_EQ(result.history[0].energy, Joules(1.5 * 1800));
  EXPECT_EQ(result.history[0].time, Seconds(1.5 * 12));
  EXPECT_EQ(result.history[1].energy, Joules(0.5 * 1800));
  EXPECT_EQ(result.energy, Joules(2.0 * 1800));
  EXPECT_EQ(result.time, Seconds(2.0 * 12));
  ASSERT_THAT(log_.observations, SizeIs(2));
  EXPECT_EQ(log_.observations[0].cost, Joules(0.5 * 1800 + 125 * 12));
  EXPECT_EQ(log_.observations[1].cost, Joules(0.5 * 1800 + 125 * 12));
}

TEST_F(ClusterTest, ATryIsBoundedByTheCheapestRunAlone) {
  options_.beta = 1;
  log_.proposals = {128, 16, 128, 16};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(300, 400)}));
  EXPECT_THAT(BatchSizes(result.history), ElementsAre(128, 16, 128, 16));
  EXPECT_EQ(result.history[0].time, Seconds(10 * 3));
  // The run at 16 cost 2400 J (the submission, with its miss, 9120 J); an epoch at 128 counts (198 / 2 + 200 / 2) * 3.
  EXPECT_EQ(result.history[2].time, Seconds(4 * 3));
}

TEST_F(ClusterTest, ARunThatDidNotFitUnderTheBoundIsObservedAtNoCostAndNotRecorded) {
  options_.beta = 0.2;  // 480 J: not one epoch of anything.
  EXPECT_THAT(Simulate({Submit(0, 100), Submit(300, 400)}, "g7"),
              IsError(ErrorCode::kUnreachable, "group g7: submission 1: 20 tries"));
  ASSERT_THAT(log_.observations, SizeIs(21));
  EXPECT_TRUE(log_.observations[0].reached);
  EXPECT_EQ(log_.observations[1].cost, Joules(0));
  EXPECT_FALSE(log_.observations[1].reached);
}

TEST_F(ClusterTest, AnUnreachableGroupIsNamed) {
  log_.proposals.assign(50, 128);
  EXPECT_THAT(Simulate({Submit(0, 100)}, "g8"),
              IsError(ErrorCode::kUnreachable, "group g8: submission 0: 20 tries did not reach the target metric 0.5"));
  EXPECT_THAT(log_.observations, SizeIs(20));
}

TEST_F(ClusterTest, PowerLimitsAreProfiledOnceABatchSize) {
  options_.policies.power_limit = "jit";
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, Simulate({Submit(0, 100), Submit(200, 300)}));
  ASSERT_THAT(result.history, SizeIs(2));
  EXPECT_EQ(result.history[0].time, Seconds(8 + 6));  // The mean of 10 s and 6 s, then 6 s.
  EXPECT_EQ(result.history[1].time, Seconds(6 + 6));
  EXPECT_EQ(result.history[1].power_limit, Watts(200));
}

// Submissions one after the other that all reach are recurrences; the seed is the name's Adler-32, not the options'.
TEST_F(ClusterTest, WithoutOverlapOrMissItIsASingleJobWithTheNamesSeed) {
  trace_.batch_sizes[2].target_epochs = {4, 6};
  trace_.batch_sizes[3].target_epochs = {2, 3};
  std::vector<Submission> submissions;
  for (int i = 0; i < 50; ++i) submissions.push_back(Submit(100 * i, 100 * i + 50));
  SimulationOptions options;
  options.beta = std::numeric_limits<double>::infinity();
  options.seed = 12345;
  const ClusterGroup group{.name = "a group of its own", .dataset = "pictures", .submissions = submissions};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, SimulateGroup(group, trace_, options));
  options.seed = Adler32(group.name);
  options.concurrency = Concurrency::kOn;
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, SingleJobSimulation::Create(trace_, options));
  ASSERT_THAT(simulation.RunUntil(50), IsOk());
  EXPECT_EQ(testing::HistoryText(result.history), testing::HistoryText(simulation.history()));
}

TEST_F(ClusterTest, WithPoliciesThatTheCallerMadeTheSeedIsTheOptions) {
  std::vector<Submission> submissions;
  for (int i = 0; i < 50; ++i) submissions.push_back(Submit(100 * i, 100 * i + 150));
  const ClusterGroup group{.name = "a group of its own", .dataset = "pictures", .submissions = submissions};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult by_name, SimulateGroup(group, trace_, SimulationOptions{}));
  const SimulationOptions options{.seed = Adler32(group.name), .concurrency = Concurrency::kOn};
  Policies policies{.batch_size = *MakeBatchSizePolicy("pruned-thompson", ToPolicyOptions(options)),
                    .power_limit = *MakePowerLimitPolicy("jit")};
  ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, SimulateGroup(group, trace_, options, std::move(policies)));
  EXPECT_EQ(testing::HistoryText(result.history), testing::HistoryText(by_name.history));
}

TEST_F(ClusterTest, RefusesImpossibleOptions) {
  options_.beta = -1;
  EXPECT_THAT(Simulate({Submit(0, 100)}), IsError(ErrorCode::kInvalidArgument, "beta"));
  options_ = {};
  options_.eta = 2;
  EXPECT_THAT(Simulate({Submit(0, 100)}), IsError(ErrorCode::kInvalidArgument, "eta"));
  options_ = {};
  options_.policies.batch_size = "best";
  EXPECT_THAT(Simulate({Submit(0, 100)}), IsError(ErrorCode::kInvalidArgument, "there are: pruned-thompson"));
}

}  // namespace
}  // namespace zeus
