#include "services/http/target.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace zeus::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Pair;

TEST(TargetTest, SegmentsAndQueryAreDecodedAfterTheyAreTakenApart) {
  const Result<Target> target = ParseTarget("/jobs/a%2Fb%20c/trials?limit=5&job_id=x%26y+z&flag&");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments, ElementsAre("jobs", "a/b c", "trials"));
  EXPECT_THAT(target->query, ElementsAre(Pair("limit", "5"), Pair("job_id", "x&y z"), Pair("flag", "")));
}

TEST(TargetTest, ThePathAloneHasNoQuery) {
  const Result<Target> target = ParseTarget("/");
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments, ElementsAre(""));
  EXPECT_THAT(target->query, IsEmpty());
}

TEST(TargetTest, WhatIsNoTextIsRefused) {
  for (const char* const text : {"", "jobs", "http://host/", "/%", "/%2", "/%zz", "/a%00", "/%ff", "/?x=%c3%28"}) {
    EXPECT_FALSE(ParseTarget(text)) << text;
  }
}

TEST(TargetTest, WhatIsEscapedReadsBack) {
  const std::string text = "a/b?c=d&e+f %\xC3\xA9#";
  const Result<Target> target = ParseTarget("/" + EscapeForTarget(text) + "?x=" + EscapeForTarget(text));
  ASSERT_THAT(target, IsOk());
  EXPECT_THAT(target->segments, ElementsAre(text));
  EXPECT_THAT(target->query, ElementsAre(Pair("x", text)));
}

}  // namespace
}  // namespace zeus::http
