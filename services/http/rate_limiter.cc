#include "services/http/rate_limiter.h"

#include <algorithm>

namespace zeus::http {

bool RateLimiter::Allow(const std::string& client, Time now) {
  const std::scoped_lock lock(mutex_);
  now = std::max(now, newest_);  // Of another thread that came first.
  newest_ = now;
  ForgetFull(now);
  Bucket& bucket = buckets_.try_emplace(client, Bucket{.requests = rate_, .at = now}).first->second;
  bucket.requests = std::min(rate_, bucket.requests + rate_ * std::chrono::duration<double>(now - bucket.at).count());
  bucket.at = now;
  if (bucket.requests < 1) return false;
  bucket.requests -= 1;
  return true;
}

void RateLimiter::ForgetFull(Time now) {
  constexpr auto kFull = std::chrono::seconds(1);
  if (now - forgotten_at_ < kFull) return;
  forgotten_at_ = now;
  std::erase_if(buckets_, [&](const auto& each) { return now - each.second.at >= kFull; });
}

}  // namespace zeus::http
