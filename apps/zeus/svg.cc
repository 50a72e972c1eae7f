#include "apps/zeus/svg.h"

#include <fmt/format.h>

#include <cmath>

namespace zeus {

std::string SvgBegin(double width, double height, const SvgStyle& style, std::string_view title) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\">\n"
      "<style>text{{font:13px system-ui,sans-serif;fill:#24292f}}.title{{font-weight:600;font-size:15px}}"
      ".axis{{stroke:#8c959f;stroke-width:1}}.grid{{stroke:#8c959f;stroke-opacity:.25}}{2}.page{{fill:#fff}}"
      "@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.page{{fill:#0d1117}}{3}}}</style>\n"
      "<rect class=\"page\" width=\"{0}\" height=\"{1}\"/>\n<text class=\"title\" x=\"12\" y=\"22\">{4}</text>\n",
      width, height, style.always, style.dark, SvgEscaped(title));
}

std::string SvgEscaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

double NiceStep(double range) {
  const double rough = range / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

}  // namespace zeus
