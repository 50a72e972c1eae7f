#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace zeus::http {

/// A bucket for each client that holds a second's requests and fills at their rate. Thread-safe.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Precondition: at least one.
  explicit RateLimiter(double requests_per_second) : rate_(requests_per_second) {}

  /// Whether the client may ask now.
  bool Allow(const std::string& client, Time now);

  [[nodiscard]] size_t clients() const {
    const std::scoped_lock lock(mutex_);
    return buckets_.size();
  }

 private:
  struct Bucket {
    double requests = 0;
    Time at;
  };

  // With the lock.
  void ForgetFull(Time now);

  const double rate_;
  mutable std::mutex mutex_;               // Guards the following.
  std::map<std::string, Bucket> buckets_;  // Of those who asked within about the last second.
  Time forgotten_at_;
  Time newest_;
};

}  // namespace zeus::http
