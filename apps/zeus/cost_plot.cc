#include "apps/zeus/cost_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "apps/zeus/svg.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 380;
constexpr double kLeft = 70;
constexpr double kRight = 190;
constexpr double kTop = 56;
constexpr double kBottom = 46;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kPlotHeight = kHeight - kTop - kBottom;

constexpr SvgStyle kStyle{.always =
                              ".bar{fill:#2f81f7}.miss{fill:#d1442f}"
                              ".default{stroke:#9a6700;stroke-width:2;stroke-dasharray:7 4}"
                              ".best{stroke:#1a7f37;stroke-width:2}",
                          .dark = ".default{stroke:#d29922}.best{stroke:#3fb950}"};

struct Unit {
  const char* name;
  double joules;
};

Unit UnitFor(double joules) {
  if (joules >= 1e9) return {"GJ", 1e9};
  if (joules >= 1e6) return {"MJ", 1e6};
  if (joules >= 1e3) return {"kJ", 1e3};
  return {"J", 1};
}

class Picture {
 public:
  Picture(std::string_view title, double highest_cost, size_t recurrences)
      : highest_(highest_cost * 1.05),
        unit_(UnitFor(highest_cost)),
        recurrences_(recurrences),
        svg_(SvgBegin(kWidth, kHeight, kStyle, title)) {}

  template <class... Arguments>
  void Add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(svg_), format, std::forward<Arguments>(arguments)...);
  }

  [[nodiscard]] double X(double recurrence) const {
    return kLeft + kPlotWidth * recurrence / static_cast<double>(recurrences_);
  }
  [[nodiscard]] double Y(double cost) const { return kTop + kPlotHeight * (1 - cost / highest_); }

  void AddAxes() {
    const double step = NiceStep(highest_);
    for (double cost = 0; cost <= highest_; cost += step) {
      Add("<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kLeft, kLeft + kPlotWidth,
          Y(cost), Y(cost));
      Add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>\n", kLeft - 8, Y(cost) + 4,
          cost / unit_.joules);
    }
    const double count = static_cast<double>(recurrences_);
    const double x_step = std::max(1.0, NiceStep(count));
    for (double at = x_step; at <= count; at += x_step) {
      Add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.0f}</text>\n", X(at - 0.5), kHeight - kBottom + 18,
          at);
    }
    Add("<line class=\"axis\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kLeft, kLeft + kPlotWidth,
        Y(0), Y(0));
    Add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">recurrence</text>\n", kLeft + kPlotWidth / 2,
        kHeight - 8);
    Add("<text x=\"{:.1f}\" y=\"{:.1f}\">cost, {}</text>\n", 12.0, kTop - 12, unit_.name);
  }

  void AddBar(size_t recurrence, const RecurrenceSummary& summary) {
    const double width = kPlotWidth / static_cast<double>(recurrences_);
    Add("<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"><title>recurrence {}: batch "
        "size {} at {} W, {} tries, {:.3f} {}</title></rect>\n",
        summary.tries > 1 || !summary.reached ? "miss" : "bar", X(static_cast<double>(recurrence)),
        Y(summary.cost.value()), std::max(0.5, width * 0.86), kTop + kPlotHeight - Y(summary.cost.value()),
        summary.recurrence + 1, summary.batch_size, ShortestTextWhole(summary.power_limit.value()), summary.tries,
        summary.cost.value() / unit_.joules, unit_.name);
  }

  void AddLevel(const char* style, const CostLevel& level) {
    const double y = Y(level.cost.value());
    Add("<line class=\"{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, kLeft,
        kLeft + kPlotWidth, y, y);
    Add("<text x=\"{:.1f}\" y=\"{:.1f}\">{}: {} at {} W</text>\n", kLeft + kPlotWidth + 8, y + 4, level.label,
        level.batch_size, ShortestTextWhole(level.power_limit.value()));
  }

  std::string Finish() && { return std::move(svg_) + "</svg>\n"; }

 private:
  double highest_;
  Unit unit_;
  size_t recurrences_;
  std::string svg_;
};

}  // namespace

std::string CostPlotSvg(const CostPlot& plot) {
  Joules highest = plot.default_level ? plot.default_level->cost : Joules(1);
  for (const RecurrenceSummary& recurrence : plot.recurrences) highest = std::max(highest, recurrence.cost);
  Picture picture(plot.title, highest.value(), std::max<size_t>(plot.recurrences.size(), 1));
  picture.AddAxes();
  for (size_t i = 0; i < plot.recurrences.size(); ++i) picture.AddBar(i, plot.recurrences[i]);
  if (plot.default_level) picture.AddLevel("default", *plot.default_level);
  if (plot.best_level) picture.AddLevel("best", *plot.best_level);
  picture.Add(
      "<rect class=\"miss\" x=\"{0}\" y=\"{1}\" width=\"12\" height=\"12\"/><text x=\"{2}\" y=\"{3}\">with failed "
      "tries</text>\n",
      kLeft + kPlotWidth + 8, kHeight - kBottom - 12, kLeft + kPlotWidth + 26, kHeight - kBottom - 1);
  return std::move(picture).Finish();
}

}  // namespace zeus
