#include "services/http/rate_limiter.h"

#include <gtest/gtest.h>

namespace zeus::http {
namespace {

using std::chrono::milliseconds;

TEST(RateLimiterTest, ASecondsRequestsAtOnceThenAtTheirRate) {
  RateLimiter limiter(4);
  const RateLimiter::Time start{std::chrono::hours(1)};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limiter.Allow("a", start)) << i;
  EXPECT_FALSE(limiter.Allow("a", start));
  EXPECT_TRUE(limiter.Allow("b", start));
  EXPECT_FALSE(limiter.Allow("a", start + milliseconds(249)));
  EXPECT_TRUE(limiter.Allow("a", start + milliseconds(251)));
  EXPECT_FALSE(limiter.Allow("a", start + milliseconds(252)));
}

TEST(RateLimiterTest, WhoAskedLongAgoIsForgotten) {
  RateLimiter limiter(1);
  RateLimiter::Time now{std::chrono::hours(1)};
  for (int i = 0; i < 10'000; ++i) limiter.Allow(std::to_string(i), now += milliseconds(1));
  EXPECT_LE(limiter.clients(), 2001U);
  EXPECT_TRUE(limiter.Allow("0", now));
}

}  // namespace
}  // namespace zeus::http
