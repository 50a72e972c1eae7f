#include "services/http/metrics_text.h"

#include <fmt/format.h>

#include <cmath>

namespace zeus::http {
namespace {

std::string Escaped(std::string_view text, bool is_label) {
  std::string escaped;
  for (const char character : text) {
    if (character == '\\') {
      escaped += "\\\\";
    } else if (character == '\n') {
      escaped += "\\n";
    } else if (character == '"' && is_label) {
      escaped += "\\\"";
    } else {
      escaped += character;
    }
  }
  return escaped;
}

std::string ValueText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

MetricsFormat MetricsFormatFor(const std::string* accept) {
  const bool open = accept != nullptr && accept->find("application/openmetrics-text") != std::string::npos;
  return open ? MetricsFormat::kOpenMetrics : MetricsFormat::kPrometheus;
}

const char* ContentTypeOf(MetricsFormat format) {
  return format == MetricsFormat::kPrometheus ? MetricsText::kContentType
                                              : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

void MetricsText::Begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  // There, the samples of a counter end in "_total", and the counter's own name does not. Quotes are escaped, too.
  const bool is_open = format_ == MetricsFormat::kOpenMetrics;
  constexpr std::string_view kTotal = "_total";
  if (is_open && type == "counter" && name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, Escaped(help, is_open), type);
}

std::string MetricsText::Take() {
  if (format_ == MetricsFormat::kOpenMetrics) text_ += "# EOF\n";
  return std::move(text_);
}

void MetricsText::Add(const Labels& labels, double value) {
  AddSample("", labels, value);
}

void MetricsText::AddHistogram(const Labels& labels, std::span<const double> bounds, std::span<const uint64_t> counts,
                               double sum) {
  Labels with_bound = labels;
  with_bound.emplace_back("le", "");
  uint64_t below = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    with_bound.back().second = i < bounds.size() ? ValueText(bounds[i]) : "+Inf";
    AddSample("_bucket", with_bound, static_cast<double>(below));
  }
  AddSample("_sum", labels, sum);
  AddSample("_count", labels, static_cast<double>(below));
}

void MetricsText::AddSample(std::string_view suffix, const Labels& labels, double value) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  for (const auto& [name, label] : labels) {
    text_ += fmt::format("{}{}=\"{}\"", separator, name, Escaped(label, true));
    separator = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += fmt::format(" {}\n", ValueText(value));
}

}  // namespace zeus::http
