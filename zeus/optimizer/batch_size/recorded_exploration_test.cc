#include "zeus/optimizer/batch_size/recorded_exploration.h"

#include <gmock/gmock.h>

#include <random>

namespace zeus {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PruningExploration Fresh() {
  return *PruningExploration::Create({8, 16, 32}, 16);
}

TEST(RecordedExplorationTest, ARunUnderWayIsWaitedFor) {
  std::vector<ExplorationTrial> trials;
  EXPECT_EQ(std::get<ExploreNext>(*FindExplorationStep(Fresh(), trials)).batch_size, 16);
  trials.push_back({.batch_size = 16});
  EXPECT_TRUE(std::holds_alternative<AwaitResult>(*FindExplorationStep(Fresh(), trials)));
  trials.back().result = {Joules(5), true};
  EXPECT_EQ(std::get<ExploreNext>(*FindExplorationStep(Fresh(), trials)).batch_size, 8);
}

TEST(RecordedExplorationTest, NothingThatReachesTheTargetLeavesNothing) {
  const std::vector<ExplorationTrial> trials = {{16, {{Joules(5), false}}}, {32, {{Joules(5), false}}}};
  EXPECT_THAT(std::get<ExplorationOver>(*FindExplorationStep(Fresh(), trials)).survivors, IsEmpty());
}

TEST(RecordedExplorationTest, WalksAsAnExplorationThatIsToldResultsOneByOne) {
  std::minstd_rand random(1);  // NOLINT(cert-msc51-cpp): the same walks every time.
  for (int walk = 0; walk < 200; ++walk) {
    PruningExploration told = *PruningExploration::Create({8, 16, 32, 64, 128}, 32);
    std::vector<ExplorationTrial> trials;
    const PruningExploration fresh = told;
    while (const std::optional<int64_t> next = told.Next()) {
      ASSERT_EQ(std::get<ExploreNext>(*FindExplorationStep(fresh, trials)).batch_size, *next);
      const ExplorationTrial::Result result{Joules(static_cast<double>(random() % 100)), random() % 4 != 0};
      trials.push_back({*next, result});
      ASSERT_TRUE(told.Report(*next, result.cost, result.reached));
    }
    ASSERT_EQ(std::get<ExplorationOver>(*FindExplorationStep(fresh, trials)).survivors, told.survivors());
  }
}

}  // namespace
}  // namespace zeus
