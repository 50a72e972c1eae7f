#include "zeus/training/process_group.h"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <limits>
#include <vector>

#include "tests/support/result_matchers.h"
#include "tests/support/threaded_ranks.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;
using testing::ThreadedRanks;

TEST(AloneTest, IsTheOnlyRankAndKeepsItsValues) {
  ProcessGroup& alone = ProcessGroup::Alone();
  EXPECT_EQ(alone.rank(), 0);
  EXPECT_EQ(alone.size(), 1);
  std::array<double, 2> values = {1.5, -2};
  EXPECT_THAT(alone.AllReduce(values, Reduction::kSum), IsOk());
  EXPECT_THAT(alone.AllReduce(values, Reduction::kMax), IsOk());
  EXPECT_THAT(Broadcast(alone, values), IsOk());
  EXPECT_THAT(values, ElementsAre(1.5, -2));
}

TEST(BroadcastTest, EveryRankGetsTheValuesOfRank0WhateverItHad) {
  const double infinity = std::numeric_limits<double>::infinity();
  std::atomic<int> right = 0;
  ThreadedRanks::Run(3, [&](ProcessGroup& group) {
    std::vector<double> values = {100.0 * group.rank(), std::numeric_limits<double>::quiet_NaN(), -infinity};
    if (group.rank() == 0) values = {7, -0.25, infinity};
    EXPECT_THAT(Broadcast(group, values), IsOk());
    if (values == std::vector<double>{7, -0.25, infinity}) ++right;
  });
  EXPECT_EQ(right, 3);
}

TEST(BroadcastTest, ARankThatIsGoneIsAnError) {
  ThreadedRanks::Run(2, [](ProcessGroup& group) {
    if (group.rank() == 1) return;
    std::array<double, 1> values = {1};
    EXPECT_THAT(Broadcast(group, values), IsError(ErrorCode::kUnavailable, "a rank is gone"));
  });
}

}  // namespace
}  // namespace zeus
