#include "zeus/trace/problem.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

const Problem kField = {.source = "a.csv", .line = 3, .column = 7, .message = "wrong"};
const Problem kLine = {.source = "a.csv", .line = 3, .column = 0, .message = "wrong"};
const Problem kFile = {.source = "a.csv", .line = 0, .column = 0, .message = "wrong"};

TEST(ProblemTest, SaysWhereAsPreciselyAsItKnows) {
  EXPECT_EQ(ToText(kField), "a.csv:3:7: wrong");
  EXPECT_EQ(ToText(kLine), "a.csv:3: wrong");
  EXPECT_EQ(ToText(kFile), "a.csv: wrong");
}

TEST(ProblemTest, NoProblemsAreSuccess) {
  EXPECT_THAT(ToResult({}), IsOk());
}

TEST(ProblemTest, TheFirstProblemIsTheErrorAndTheOthersAreCounted) {
  const Result<void> one = ToResult({kField});
  ASSERT_FALSE(one.has_value());
  EXPECT_EQ(one.error().message, "a.csv:3:7: wrong");
  EXPECT_THAT(ToResult({kField, kLine, kFile}), IsError(ErrorCode::kInvalidData, "a.csv:3:7: wrong (and 2 more; "));
}

}  // namespace
}  // namespace zeus
