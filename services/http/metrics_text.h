#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zeus::http {

/// Prometheus's text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats), or OpenMetrics 1.0
/// (https://github.com/OpenObservability/OpenMetrics/blob/main/specification/OpenMetrics.md).
enum class MetricsFormat { kPrometheus, kOpenMetrics };

/// What a client who sends this Accept header is to get: OpenMetrics where it names that. Null: there is none.
MetricsFormat MetricsFormatFor(const std::string* accept);
const char* ContentTypeOf(MetricsFormat format);

/// Writes metrics for Prometheus to scrape. Names and units are the caller's to choose: base units, "_total" for
/// counters (https://prometheus.io/docs/practices/naming).
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  explicit MetricsText(MetricsFormat format = MetricsFormat::kPrometheus) : format_(format) {}

  /// Begins a metric. `type`: "counter", "gauge" or "histogram". Its samples follow.
  void Begin(std::string_view name, std::string_view type, std::string_view help);

  void Add(const Labels& labels, double value);
  /// `counts` holds the observations that lie in each bucket, the last of which has no bound: one more than `bounds`.
  void AddHistogram(const Labels& labels, std::span<const double> bounds, std::span<const uint64_t> counts, double sum);

  /// The whole of it. Once.
  [[nodiscard]] std::string Take();

 private:
  void AddSample(std::string_view suffix, const Labels& labels, double value);

  MetricsFormat format_;
  std::string name_;
  std::string text_;
};

}  // namespace zeus::http
