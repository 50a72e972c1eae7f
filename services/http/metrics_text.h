#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zeus::http {

/// Writes metrics for Prometheus to scrape: its text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats). Names and units are the caller's to choose: base
/// units, "_total" for counters (https://prometheus.io/docs/practices/naming).
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  /// Begins a metric. `type`: "counter", "gauge" or "histogram". Its samples follow.
  void Begin(std::string_view name, std::string_view type, std::string_view help);

  void Add(const Labels& labels, double value);
  /// `counts` holds the observations that lie in each bucket, the last of which has no bound: one more than `bounds`.
  void AddHistogram(const Labels& labels, std::span<const double> bounds, std::span<const uint64_t> counts, double sum);

  [[nodiscard]] std::string Take() { return std::move(text_); }

 private:
  void AddSample(std::string_view suffix, const Labels& labels, double value);

  std::string name_;
  std::string text_;
};

}  // namespace zeus::http
