#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "apps/zeus/explain_report.h"
#include "apps/zeus/svg.h"
#include "apps/zeus/table.h"

namespace zeus {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 380;
constexpr double kLeft = 86;
constexpr double kRight = 170;
constexpr double kTop = 56;
constexpr double kBottom = 52;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kPlotHeight = kHeight - kTop - kBottom;

constexpr SvgStyle kStyle{.always =
                              ".belief{stroke:#2f81f7;stroke-width:7;stroke-opacity:.4;stroke-linecap:round}"
                              ".mean{fill:#2f81f7}.next{stroke:#24292f;stroke-width:2}"
                              ".truth{stroke:#d1442f;stroke-width:2.5}",
                          .dark = ".next{stroke:#e6edf3}"};

/// Costs on a logarithmic axis: what is hardly known reaches over orders of magnitude.
class Scale {
 public:
  explicit Scale(const ExplainReport& report) {
    for (size_t i = 0; i < report.explanation.sizes.size(); ++i) {
      const std::optional<BelievedNumber>& cost = report.explanation.sizes[i].cost;
      if (cost) Cover(cost->low), Cover(cost->high);
      if (i < report.truth.size() && report.truth[i]) Cover(report.truth[i]->value());
    }
    if (low_ > high_) low_ = high_ = 1;
    low_ /= 1.15;
    high_ *= 1.15;
  }

  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }
  [[nodiscard]] double Y(double cost) const {
    return kTop + kPlotHeight * (1 - std::log(cost / low_) / std::log(high_ / low_));
  }

 private:
  void Cover(double cost) {
    if (!(cost > 0)) return;  // A Gaussian belief may reach below 0, a logarithm may not.
    low_ = std::min(low_, cost);
    high_ = std::max(high_, cost);
  }

  double low_ = std::numeric_limits<double>::infinity();
  double high_ = 0;
};

class Picture {
 public:
  explicit Picture(const ExplainReport& report)
      : report_(report),
        scale_(report),
        svg_(SvgBegin(kWidth, kHeight, kStyle,
                      fmt::format("{} on {}: cost of a recurrence as {} believes after {}", report.job.workload.dataset,
                                  report.where, report.batch_policy, report.recurrences))) {}

  std::string Draw() && {
    AddAxes();
    for (size_t i = 0; i < report_.explanation.sizes.size(); ++i) AddSize(i);
    AddLegend();
    return std::move(svg_) + "</svg>\n";
  }

 private:
  template <class... Arguments>
  void Add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(svg_), format, std::forward<Arguments>(arguments)...);
  }

  [[nodiscard]] double X(size_t size) const {
    return kLeft +
           kPlotWidth * (static_cast<double>(size) + 0.5) / static_cast<double>(report_.explanation.sizes.size());
  }
  [[nodiscard]] double Y(double cost) const { return scale_.Y(std::max(cost, scale_.low())); }

  void AddAxes() {
    for (double power = std::pow(10, std::floor(std::log10(scale_.low()))); power <= scale_.high(); power *= 10) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double cost = factor * power;
        if (cost < scale_.low() || cost > scale_.high()) continue;
        Add("<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kLeft,
            kLeft + kPlotWidth, Y(cost), Y(cost));
        Add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 8, Y(cost) + 4,
            JoulesText(cost));
      }
    }
    Add("<line class=\"axis\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kLeft, kLeft + kPlotWidth,
        kTop + kPlotHeight, kTop + kPlotHeight);
    Add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">batch size</text>\n", kLeft + kPlotWidth / 2,
        kHeight - 8);
    Add("<text x=\"12\" y=\"{:.1f}\">cost of a recurrence</text>\n", kTop - 12);
  }

  void AddSize(size_t i) {
    const BatchSizeBelief& size = report_.explanation.sizes[i];
    const bool next = size.batch_size == report_.explanation.next_batch_size;
    Add("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\"{}>{}</text>\n", X(i), kHeight - kBottom + 18,
        next ? " font-weight=\"700\"" : "", size.batch_size);
    if (size.cost) {
      Add("<line class=\"belief\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\"><title>batch size {3}: "
          "{4} "
          "to {5}; {6}</title></line>\n",
          X(i), Y(size.cost->low), Y(size.cost->high), size.batch_size, JoulesText(size.cost->low),
          JoulesText(size.cost->high), size.verdict);
      Add("<circle class=\"mean{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>\n", next ? " next" : "", X(i),
          Y(size.cost->mean), size.runs > 0 ? 5 : 3);
    }
    if (i < report_.truth.size() && report_.truth[i]) {
      Add("<line class=\"truth\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", X(i) - 11, X(i) + 11,
          Y(report_.truth[i]->value()), Y(report_.truth[i]->value()));
    }
  }

  void AddLegend() {
    const double x = kLeft + kPlotWidth + 16;
    double y = kTop + 10;
    const auto line = [&](std::string_view shape, std::string_view text) {
      Add("{}<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", shape, x + 22, y + 4, text);
      y += 24;
    };
    line(fmt::format("<line class=\"belief\" x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{2}\"/>", x + 6, y - 6, y + 6),
         "9 in 10");
    line(fmt::format("<circle class=\"mean\" cx=\"{}\" cy=\"{}\" r=\"5\"/>", x + 6, y), "mean, tried");
    line(fmt::format("<circle class=\"mean\" cx=\"{}\" cy=\"{}\" r=\"3\"/>", x + 6, y), "mean, not tried");
    line(fmt::format("<circle class=\"mean next\" cx=\"{}\" cy=\"{}\" r=\"5\"/>", x + 6, y), "next");
    if (report_.truth.empty()) return;
    line(fmt::format("<line class=\"truth\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", x - 5, x + 17, y, y),
         "what it really costs");
  }

  const ExplainReport& report_;
  Scale scale_;
  std::string svg_;
};

}  // namespace

std::string ExplainPlot(const ExplainReport& report) {
  return Picture(report).Draw();
}

}  // namespace zeus
