#include "zeus/recurrence/power_limit_choice.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

// Remembers the limits it is told of, and answers what it is told to.
class RecordingPolicy final : public PowerLimitPolicy {
 public:
  std::vector<Watts> observed;
  std::optional<Watts> answer;

  [[nodiscard]] std::string_view name() const override { return "recording"; }
  Result<JobId> RegisterJob(const JobIdentity&, const KnobSpace&) override { return JobId{}; }
  Result<std::optional<Watts>> Predict(JobId, int64_t) override { return answer; }
  Result<void> Observe(JobId, int64_t batch_size, const PowerLimitCost& cost) override {
    if (batch_size != 32) return Fail(ErrorCode::kInvalidArgument, "only 32");
    observed.push_back(cost.power_limit);
    return {};
  }
  [[nodiscard]] Result<std::string> SaveBeliefs() const override { return std::string(); }
  Result<void> LoadBeliefs(std::string_view) override { return {}; }
};

const std::vector<PowerLimitCost> kProfile = {
    {Watts(200), Joules(9)}, {Watts(150), Joules(7)}, {Watts(100), Joules(8)}};

TEST(ObserveProfileTest, TellsEveryLimitInTheProfilesOrderAndThenAsks) {
  RecordingPolicy policy;
  policy.answer = Watts(100);
  ZEUS_ASSERT_OK_AND_ASSIGN(const Watts limit, ObserveProfile(policy, JobId{}, 32, kProfile));
  EXPECT_EQ(limit, Watts(100));
  EXPECT_THAT(policy.observed, ElementsAre(Watts(200), Watts(150), Watts(100)));
}

TEST(ObserveProfileTest, APolicyThatStillDoesNotKnowIsAnError) {
  RecordingPolicy policy;
  EXPECT_THAT(ObserveProfile(policy, JobId{}, 32, kProfile),
              IsError(ErrorCode::kFailedPrecondition, "\"recording\" asks for profiling again"));
}

TEST(ObserveProfileTest, ARefusedObservationPassesThrough) {
  RecordingPolicy policy;
  EXPECT_THAT(ObserveProfile(policy, JobId{}, 33, kProfile), IsError(ErrorCode::kInvalidArgument, "only 32"));
}

}  // namespace
}  // namespace zeus
