#include "apps/zeus/analyze_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "apps/zeus/svg.h"

namespace zeus {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 340;
constexpr double kLeft = 62;
constexpr double kRight = 110;
constexpr double kTop = 56;
constexpr double kBottom = 46;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kPlotHeight = kHeight - kTop - kBottom;

// At least as many columns as the picture is pixels wide, once they have been joined.
constexpr size_t kMostColumns = 2048;
// Shorter than any sensor's period; doubled as the log grows.
constexpr double kFirstColumnSeconds = 1.0 / (1 << 20);

constexpr SvgStyle kStyle{.always =
                              ".band{fill:#2f81f7;fill-opacity:.3}"
                              ".power{fill:none;stroke:#2f81f7;stroke-width:1.5;stroke-linejoin:round}"
                              ".average{stroke:#1a7f37;stroke-width:1.5;stroke-dasharray:7 4}",
                          .dark = ".average{stroke:#3fb950}"};

struct TimeUnit {
  const char* name;
  double seconds;
};

TimeUnit UnitFor(double seconds) {
  for (const TimeUnit unit : {TimeUnit{"h", 3600}, TimeUnit{"min", 60}}) {
    if (seconds >= 4 * unit.seconds) return unit;
  }
  return {"s", 1};
}

/// Where times and powers lie in the picture.
struct Scale {
  double begin;
  double seconds;
  double watts;

  [[nodiscard]] double X(double time) const { return kLeft + kPlotWidth * (time - begin) / seconds; }
  [[nodiscard]] double Y(double power) const { return kTop + kPlotHeight * (1 - power / watts); }
};

void AddAxes(const Scale& scale, std::string* svg) {
  const auto out = std::back_inserter(*svg);
  const double step = NiceStep(scale.watts);
  for (int i = 0; i * step <= scale.watts; ++i) {
    fmt::format_to(out, "<line class=\"{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
                   i == 0 ? "axis" : "grid", kLeft, kLeft + kPlotWidth, scale.Y(i * step), scale.Y(i * step));
    fmt::format_to(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>\n", kLeft - 8,
                   scale.Y(i * step) + 4, i * step);
  }
  const TimeUnit unit = UnitFor(scale.seconds);
  const double time_step = NiceStep(scale.seconds / unit.seconds) * unit.seconds;
  const double end = scale.begin + scale.seconds * (1 + 1e-9);
  for (double i = std::ceil(scale.begin / time_step); i * time_step <= end; ++i) {
    fmt::format_to(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:g}</text>\n", scale.X(i * time_step),
                   kHeight - kBottom + 18, i * time_step / unit.seconds);
  }
  fmt::format_to(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">time, {}</text>\n",
                 kLeft + kPlotWidth / 2, kHeight - 8, unit.name);
  fmt::format_to(out, "<text x=\"12.0\" y=\"{:.1f}\">power, W</text>\n", kTop - 12);
}

}  // namespace

void PowerPlot::Column::Join(const Column& other) {
  if (other.samples == 0) return;
  lowest = samples == 0 ? other.lowest : std::min(lowest, other.lowest);
  highest = samples == 0 ? other.highest : std::max(highest, other.highest);
  sum += other.sum;
  samples += other.samples;
}

void PowerPlot::HalveColumns() {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column column = columns_[i];
    if (i % 2 == 0) {
      columns_[i / 2] = column;
    } else {
      columns_[i / 2].Join(column);
    }
  }
  columns_.resize((columns_.size() + 1) / 2);
  column_seconds_ *= 2;
}

void PowerPlot::Add(Seconds time, Watts power) {
  if (columns_.empty()) {
    begin_ = time.value();
    column_seconds_ = kFirstColumnSeconds;
  }
  end_ = time.value();
  const auto most = static_cast<double>(kMostColumns);
  while ((end_ - begin_) / column_seconds_ >= most) HalveColumns();
  const auto index = static_cast<size_t>((end_ - begin_) / column_seconds_);
  if (index >= columns_.size()) columns_.resize(index + 1);
  columns_[index].Join({.lowest = power.value(), .highest = power.value(), .sum = power.value(), .samples = 1});
}

std::string PowerPlot::ToSvg(const std::string& title, Watts average) const {
  double highest = 0;
  for (const Column& column : columns_) highest = std::max(highest, column.highest);
  const Scale scale{
      .begin = begin_, .seconds = std::max(end_ - begin_, 1e-9), .watts = highest > 0 ? highest * 1.05 : 1};
  std::string svg = SvgBegin(kWidth, kHeight, kStyle, title);
  const auto out = std::back_inserter(svg);
  AddAxes(scale, &svg);
  std::string above;
  std::string below;
  std::string mean;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.samples == 0) continue;
    const double x = scale.X(std::min(begin_ + (static_cast<double>(i) + 0.5) * column_seconds_, end_));
    above += fmt::format("{:.1f},{:.1f} ", x, scale.Y(column.highest));
    below.insert(0, fmt::format("{:.1f},{:.1f} ", x, scale.Y(column.lowest)));
    mean += fmt::format("{:.1f},{:.1f} ", x, scale.Y(column.sum / static_cast<double>(column.samples)));
  }
  fmt::format_to(out, "<polygon class=\"band\" points=\"{}{}\"/>\n<polyline class=\"power\" points=\"{}\"/>\n", above,
                 below, mean);
  const double level = scale.Y(average.value());
  fmt::format_to(out,
                 "<line class=\"average\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n"
                 "<text x=\"{:.1f}\" y=\"{:.1f}\">{:.1f} W</text>\n</svg>\n",
                 kLeft, kLeft + kPlotWidth, level, level, kLeft + kPlotWidth + 8, level + 4, average.value());
  return svg;
}

}  // namespace zeus
