#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "services/http/metrics_text.h"
#include "services/http/server.h"

namespace zeus::http {

/// Counts a server's answers, told by ServerOptions::log. Thread-safe.
class RequestMetrics {
 public:
  void Observe(const AccessRecord& record);

  /// zeus_http_requests_total{method,route,status} and the histogram zeus_http_request_seconds{method,route}. What no
  /// route took has the route "": clients cannot make series.
  void Write(MetricsText& metrics) const;

 private:
  static constexpr std::array kBoundsSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};

  struct Latency {
    std::array<uint64_t, kBoundsSeconds.size() + 1> counts{};
    double sum_seconds = 0;
  };

  mutable std::mutex mutex_;                                                // Guards both.
  std::map<std::tuple<std::string, std::string, int>, uint64_t> requests_;  // By method, route, status.
  std::map<std::pair<std::string, std::string>, Latency> latencies_;        // By method, route.
};

}  // namespace zeus::http
