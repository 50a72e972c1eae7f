#include "zeus/job/knobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

TEST(KnobSpaceTest, SortsBatchSizesAndTheirPowerLimits) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const KnobSpace space,
                            KnobSpace::Create({{.batch_size = 64, .power_limits = {Watts(250), Watts(100), Watts(175)}},
                                               {.batch_size = 8, .power_limits = {}}}));
  EXPECT_EQ(space.size(), 2U);
  EXPECT_THAT(space.batch_sizes(), ElementsAre(8, 64));
  EXPECT_THAT(space.choices()[1].power_limits, ElementsAre(Watts(100), Watts(175), Watts(250)));
}

TEST(KnobSpaceTest, FindsABatchSizesPosition) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const KnobSpace space, KnobSpace::OfBatchSizes({32, 8, 16}));
  EXPECT_EQ(space.Find(8), 0U);
  EXPECT_EQ(space.Find(32), 2U);
  for (const int64_t absent : {0, 7, 9, 33}) EXPECT_EQ(space.Find(absent), std::nullopt) << absent;
}

TEST(KnobSpaceTest, ComparesByContentWhateverTheOrder) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const KnobSpace a, KnobSpace::OfBatchSizes({8, 16}));
  ZEUS_ASSERT_OK_AND_ASSIGN(const KnobSpace b, KnobSpace::OfBatchSizes({16, 8}));
  ZEUS_ASSERT_OK_AND_ASSIGN(const KnobSpace c, KnobSpace::OfBatchSizes({8, 17}));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(KnobSpaceTest, RefusesWhatCannotBeChosenFrom) {
  EXPECT_THAT(KnobSpace::OfBatchSizes({}), IsError(kInvalid, "no batch sizes to choose from"));
  EXPECT_THAT(KnobSpace::OfBatchSizes({8, 0}), IsError(kInvalid, "batch size 0: expected 1 or more"));
  EXPECT_THAT(KnobSpace::OfBatchSizes({8, -16}), IsError(kInvalid, "batch size -16: expected 1 or more"));
  EXPECT_THAT(KnobSpace::OfBatchSizes({8, 16, 8}), IsError(kInvalid, "batch size 8 is given twice"));
}

TEST(KnobSpaceTest, BugPowerLimitsThatAreNoPowerWereSorted) {
  for (const double limit : {0.0, -100.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(KnobSpace::Create({{.batch_size = 8, .power_limits = {Watts(100), Watts(limit)}}}),
                IsError(kInvalid, "batch size 8: a power limit is"))
        << limit;
  }
}

}  // namespace
}  // namespace zeus
