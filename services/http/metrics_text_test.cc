#include "services/http/metrics_text.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "services/http/request_metrics.h"

namespace zeus::http {
namespace {

TEST(MetricsTextTest, SamplesFollowTheirMetric) {
  MetricsText metrics;
  metrics.Begin("zeus_energy_joules_total", "counter", "Energy,\nback\\slash.");
  metrics.Add({}, 1.5);
  metrics.Add({{"gpu", "0"}, {"name", "a \"b\" \\ \n"}}, 1e300);
  metrics.Add({{"gpu", "1"}}, std::numeric_limits<double>::infinity());
  EXPECT_EQ(metrics.Take(),
            "# HELP zeus_energy_joules_total Energy,\\nback\\\\slash.\n"
            "# TYPE zeus_energy_joules_total counter\n"
            "zeus_energy_joules_total 1.5\n"
            "zeus_energy_joules_total{gpu=\"0\",name=\"a \\\"b\\\" \\\\ \\n\"} 1e+300\n"
            "zeus_energy_joules_total{gpu=\"1\"} +Inf\n");
}

TEST(MetricsTextTest, OpenMetricsNamesCountersOtherwiseAndEnds) {
  MetricsText metrics(MetricsFormat::kOpenMetrics);
  metrics.Begin("zeus_energy_joules_total", "counter", "A \"count\".");
  metrics.Add({}, 2);
  metrics.Begin("zeus_up", "gauge", "Up.");
  metrics.Add({{"a", "b"}}, 1);
  EXPECT_EQ(metrics.Take(),
            "# HELP zeus_energy_joules A \\\"count\\\".\n"
            "# TYPE zeus_energy_joules counter\n"
            "zeus_energy_joules_total 2\n"
            "# HELP zeus_up Up.\n"
            "# TYPE zeus_up gauge\n"
            "zeus_up{a=\"b\"} 1\n"
            "# EOF\n");
  const std::string accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  EXPECT_EQ(MetricsFormatFor(&accept), MetricsFormat::kOpenMetrics);
  const std::string any = "*/*";
  EXPECT_EQ(MetricsFormatFor(&any), MetricsFormat::kPrometheus);
  EXPECT_EQ(MetricsFormatFor(nullptr), MetricsFormat::kPrometheus);
}

TEST(MetricsTextTest, BucketsOfAHistogramAddUp) {
  MetricsText metrics;
  metrics.Begin("wait_seconds", "histogram", "Waiting.");
  metrics.AddHistogram({{"at", "door"}}, std::array{0.5, 1.0}, std::array<uint64_t, 3>{2, 0, 3}, 9.25);
  EXPECT_EQ(metrics.Take(),
            "# HELP wait_seconds Waiting.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{at=\"door\",le=\"0.5\"} 2\n"
            "wait_seconds_bucket{at=\"door\",le=\"1\"} 2\n"
            "wait_seconds_bucket{at=\"door\",le=\"+Inf\"} 5\n"
            "wait_seconds_sum{at=\"door\"} 9.25\n"
            "wait_seconds_count{at=\"door\"} 5\n");
}

TEST(RequestMetricsTest, ABoundLiesInItsBucketAndStrangersMakeNoSeries) {
  RequestMetrics requests;
  const auto answered = [&](const char* method, const char* route, int status, int64_t microseconds) {
    requests.Observe({.method = method,
                      .target = "/jobs/secret",
                      .route = route,
                      .status = status,
                      .time = std::chrono::microseconds(microseconds)});
  };
  answered("GET", "/jobs/{id}", 200, 100);
  answered("GET", "/jobs/{id}", 404, 20'000'000);
  answered("NONSENSE", "", 404, 1);
  answered("RUBBISH", "", 404, 1);
  MetricsText metrics;
  requests.Write(metrics);
  const std::string text = metrics.Take();
  for (const char* const line :
       {"zeus_http_requests_total{method=\"GET\",route=\"/jobs/{id}\",status=\"200\"} 1\n",
        "zeus_http_requests_total{method=\"\",route=\"\",status=\"404\"} 2\n",
        "zeus_http_request_seconds_bucket{method=\"GET\",route=\"/jobs/{id}\",le=\"0.0001\"} 1\n",
        "zeus_http_request_seconds_bucket{method=\"GET\",route=\"/jobs/{id}\",le=\"10\"} 1\n",
        "zeus_http_request_seconds_bucket{method=\"GET\",route=\"/jobs/{id}\",le=\"+Inf\"} 2\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_EQ(text.find("NONSENSE"), std::string::npos);
}

}  // namespace
}  // namespace zeus::http
