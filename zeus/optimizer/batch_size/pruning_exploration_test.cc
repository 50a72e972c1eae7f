#include "zeus/optimizer/batch_size/pruning_exploration.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

// One proposal and what came of it.
struct Step {
  int64_t batch_size;
  double cost;
  bool reached;
};

// Reports the steps in turn; each must be what the exploration asks for.
void Walk(PruningExploration* exploration, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    ASSERT_EQ(exploration->Next(), step.batch_size);
    ASSERT_FALSE(exploration->done());
    ASSERT_THAT(exploration->Report(step.batch_size, Joules(step.cost), step.reached), IsOk());
  }
}

void ExpectSurvivors(const PruningExploration& exploration, const std::vector<int64_t>& survivors) {
  EXPECT_TRUE(exploration.done());
  EXPECT_EQ(exploration.Next(), std::nullopt);
  EXPECT_EQ(exploration.survivors(), survivors);
}

TEST(PruningExplorationTest, WalksAsThePublishedCodeDoes) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  std::ifstream file(testing::SharedFolder() / "golden" / "pruning_cases.json");
  const auto golden = nlohmann::json::parse(file);
  ASSERT_EQ(golden["cases"].size(), 5);
  for (const auto& golden_case : golden["cases"]) {
    SCOPED_TRACE("default " + golden_case["default"].dump());
    ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration,
                              PruningExploration::Create(golden["batch_sizes"].get<std::vector<int64_t>>(),
                                                         golden_case["default"].get<int64_t>(), golden["rounds"]));
    for (const auto& step : golden_case["steps"]) {
      ASSERT_EQ(exploration.Next(), step[0].get<int64_t>());
      ASSERT_THAT(exploration.Report(step[0], Joules(step[1].get<double>()), step[2].get<int>() != 0), IsOk());
    }
    ExpectSurvivors(exploration, golden_case["survivors"].get<std::vector<int64_t>>());
  }
}

TEST(PruningExplorationTest, OneBatchSizeIsProposedOnceARound) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({32}, 32));
  Walk(&exploration, {{32, 5, true}, {32, 6, true}});
  ExpectSurvivors(exploration, {32});
}

TEST(PruningExplorationTest, FromTheSmallestItOnlyGoesUp) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8, 16, 32}, 8, 1));
  Walk(&exploration, {{8, 5, true}, {16, 4, true}, {32, 3, true}});
  ExpectSurvivors(exploration, {8, 16, 32});
}

TEST(PruningExplorationTest, FromTheLargestItOnlyGoesDown) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8, 16, 32}, 32, 1));
  Walk(&exploration, {{32, 5, true}, {16, 4, true}, {8, 3, false}});
  ExpectSurvivors(exploration, {16, 32});
}

TEST(PruningExplorationTest, ADefaultThatFailsEndsTheWayDownOnly) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8, 16, 32, 64}, 16));
  Walk(&exploration, {{16, 5, false}, {32, 4, true}, {64, 3, true}});
  Walk(&exploration, {{64, 3, true}, {32, 4, true}});
  ExpectSurvivors(exploration, {32, 64});
}

TEST(PruningExplorationTest, NothingReachedLeavesNothingAfterOneRound) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8, 16, 32}, 16));
  Walk(&exploration, {{16, 5, false}, {32, 4, false}});
  ExpectSurvivors(exploration, {});
}

TEST(PruningExplorationTest, NothingReachedInTheLastRoundLeavesNothing) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8, 16}, 8));
  Walk(&exploration, {{8, 5, true}, {16, 4, false}, {8, 5, false}});
  ExpectSurvivors(exploration, {});
}

TEST(PruningExplorationTest, OnEqualCostsTheEarlierBecomesTheDefault) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8, 16, 32}, 16));
  Walk(&exploration, {{16, 5, true}, {8, 5, true}, {32, 5, true}});
  EXPECT_EQ(exploration.Next(), 16);
}

TEST(PruningExplorationTest, AsManyRoundsAsAskedFor) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8, 16}, 8, 3));
  Walk(&exploration, {{8, 5, true}, {16, 4, true}, {16, 4, true}, {8, 5, true}, {16, 4, true}, {8, 5, true}});
  ExpectSurvivors(exploration, {8, 16});
}

TEST(PruningExplorationTest, AnotherBatchSizeThanTheProposedIsAnErrorAndChangesNothing) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8, 16, 32}, 16));
  EXPECT_THAT(exploration.Report(8, Joules(1), true), IsError(ErrorCode::kFailedPrecondition, "waits for 16"));
  EXPECT_EQ(exploration.Next(), 16);
  EXPECT_THAT(exploration.state().good, IsEmpty());
}

TEST(PruningExplorationTest, AResultAfterTheEndIsAnError) {
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration exploration, PruningExploration::Create({8}, 8, 1));
  Walk(&exploration, {{8, 1, true}});
  EXPECT_THAT(exploration.Report(8, Joules(1), true), IsError(ErrorCode::kFailedPrecondition, "is over"));
  ExpectSurvivors(exploration, {8});
}

TEST(PruningExplorationTest, RefusesListsItCannotWalk) {
  const auto code = ErrorCode::kInvalidArgument;
  EXPECT_THAT(PruningExploration::Create({16, 8}, 8), IsError(code, "16, 8"));
  EXPECT_THAT(PruningExploration::Create({8, 8, 16}, 8), IsError(code, "ascending"));
  EXPECT_THAT(PruningExploration::Create({8, 16}, 32), IsError(code, "the default, 32"));
  EXPECT_THAT(PruningExploration::Create({}, 32), IsError(code, "ascending"));
  EXPECT_THAT(PruningExploration::Create({8}, 8, 0), IsError(code, "0 exploration rounds"));
}

TEST(PruningExplorationTest, ContinuesFromItsStateAtEveryStep) {
  const std::vector<Step> steps = {{64, 10, true},  {32, 8, true}, {16, 12, false}, {128, 12, true},
                                   {256, 9, false}, {32, 7, true}, {64, 10, true},  {128, 12, false}};
  ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration whole, PruningExploration::Create({16, 32, 64, 128, 256}, 64));
  for (size_t i = 0; i < steps.size(); ++i) {
    ZEUS_ASSERT_OK_AND_ASSIGN(PruningExploration continued, PruningExploration::FromState(whole.state()));
    Walk(&continued, {steps.begin() + static_cast<std::ptrdiff_t>(i), steps.end()});
    ExpectSurvivors(continued, {32, 64});
    Walk(&whole, {steps[i]});
  }
  ZEUS_ASSERT_OK_AND_ASSIGN(const PruningExploration done, PruningExploration::FromState(whole.state()));
  ExpectSurvivors(done, {32, 64});
}

// A state in the middle of the first round's way down, which each test below breaks in one place.
PruningExploration::State GoodState() {
  return {.batch_sizes = {8, 16, 32, 64},
          .default_batch_size = 32,
          .rounds_left = 2,
          .going_up = false,
          .next = 16,
          .good = {32},
          .cheapest = 32,
          .cheapest_cost = Joules(5)};
}

TEST(PruningExplorationTest, StatesItCannotBeInAreRefused) {
  ASSERT_THAT(PruningExploration::FromState(GoodState()), IsOk());
  const auto refused = [](auto change) {
    PruningExploration::State state = GoodState();
    change(&state);
    return !PruningExploration::FromState(std::move(state)).has_value();
  };
  using State = PruningExploration::State;
  EXPECT_TRUE(refused([](State* state) { state->rounds_left = -1; }));
  EXPECT_TRUE(refused([](State* state) { state->batch_sizes = {8, 32, 16, 64}; }));
  EXPECT_TRUE(refused([](State* state) { state->batch_sizes = {}; }));
  EXPECT_TRUE(refused([](State* state) { state->default_batch_size = 33; }));
  EXPECT_TRUE(refused([](State* state) { state->next = 17; }));
  EXPECT_TRUE(refused([](State* state) { state->going_up = true; }));
  EXPECT_TRUE(refused([](State* state) { state->good = {33}; }));
  EXPECT_TRUE(refused([](State* state) { state->good = {}; }));
  EXPECT_TRUE(refused([](State* state) { state->cheapest.reset(); }));
  EXPECT_TRUE(refused([](State* state) { state->cheapest_cost = Joules(-1); }));
}

// Walking such a list never came to its end.
TEST(PruningExplorationTest, AStateWithABatchSizeTwiceIsRefused) {
  PruningExploration::State state = GoodState();
  state.batch_sizes = {8, 16, 32, 64, 64};
  EXPECT_THAT(PruningExploration::FromState(state), IsError(ErrorCode::kInvalidData, "not a state"));
  state = GoodState();
  state.good = {32, 32};
  EXPECT_THAT(PruningExploration::FromState(state), IsError(ErrorCode::kInvalidData, "not a state"));
}

// The next round would have had a default that is not in its list.
TEST(PruningExplorationTest, AStateWhoseCheapestDidNotReachIsRefused) {
  PruningExploration::State state = GoodState();
  state.cheapest = 64;
  EXPECT_THAT(PruningExploration::FromState(state), IsError(ErrorCode::kInvalidData, "not a state"));
}

// It reached the target a second time, and the beliefs saved after the round did not load.
TEST(PruningExplorationTest, BugAStateThatComesToAGoodBatchSizeAgainWasLoaded) {
  PruningExploration::State state = GoodState();
  state.good = {32, 16};
  EXPECT_THAT(PruningExploration::FromState(state), IsError(ErrorCode::kInvalidData, "not a state"));
  state = GoodState();
  state.going_up = true;
  state.next = 64;
  ASSERT_THAT(PruningExploration::FromState(state), IsOk());
  state.good = {32, 64};
  EXPECT_THAT(PruningExploration::FromState(state), IsError(ErrorCode::kInvalidData, "not a state"));
}

TEST(PruningExplorationTest, AStateWhoseCostIsNotANumberIsRefused) {
  PruningExploration::State state = GoodState();
  state.cheapest_cost = Joules(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(PruningExploration::FromState(state), IsError(ErrorCode::kInvalidData, "not a state"));
}

}  // namespace
}  // namespace zeus
