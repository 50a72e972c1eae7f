#include "services/http/request_metrics.h"

#include <algorithm>

namespace zeus::http {

void RequestMetrics::Observe(const AccessRecord& record) {
  // A client may send any word as its method.
  const std::string method = record.route.empty() ? "" : record.method;
  const std::string route(record.route);
  const double seconds = std::chrono::duration<double>(record.time).count();
  const std::scoped_lock lock(mutex_);
  ++requests_[{method, route, record.status}];
  Latency& latency = latencies_[{method, route}];
  const auto bound = std::ranges::lower_bound(kBoundsSeconds, seconds) - kBoundsSeconds.begin();
  ++latency.counts.at(static_cast<size_t>(bound));
  latency.sum_seconds += seconds;
}

void RequestMetrics::Write(MetricsText& metrics) const {
  const std::scoped_lock lock(mutex_);
  metrics.Begin("zeus_http_requests_total", "counter", "Answered requests.");
  for (const auto& [key, count] : requests_) {
    const auto& [method, route, status] = key;
    metrics.Add({{"method", method}, {"route", route}, {"status", std::to_string(status)}}, static_cast<double>(count));
  }
  metrics.Begin("zeus_http_request_seconds", "histogram", "From a request's last byte to its answer's.");
  for (const auto& [key, latency] : latencies_) {
    metrics.AddHistogram({{"method", key.first}, {"route", key.second}}, kBoundsSeconds, latency.counts,
                         latency.sum_seconds);
  }
}

}  // namespace zeus::http
