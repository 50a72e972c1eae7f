#pragma once

#include <chrono>
#include <map>
#include <string>

namespace zeus::http {

/// A bucket for each client that holds a second's requests and fills at their rate. Not thread-safe.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Precondition: at least one.
  explicit RateLimiter(double requests_per_second) : rate_(requests_per_second) {}

  /// Whether the client may ask now. `now` never goes back.
  bool Allow(const std::string& client, Time now);

  [[nodiscard]] size_t clients() const { return buckets_.size(); }

 private:
  struct Bucket {
    double requests = 0;
    Time at;
  };

  void ForgetFull(Time now);

  double rate_;
  std::map<std::string, Bucket> buckets_;  // Of those who asked within about the last second.
  Time forgotten_at_;
};

}  // namespace zeus::http
