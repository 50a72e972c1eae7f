#pragma once

#include <string>
#include <string_view>

/// What the program's pictures have in common. Each is a stand-alone SVG file that reads well on light and dark pages.
namespace zeus {

/// Looks of a picture's own classes of shapes.
struct SvgStyle {
  std::string_view always;  ///< CSS.
  std::string_view dark;    ///< What a dark page changes of them.
};

/// The picture's begin: its size, styles (text, .title, .axis, .grid and .page are there), page and title. It is closed
/// with "</svg>".
std::string SvgBegin(double width, double height, const SvgStyle& style, std::string_view title);

/// Text as it may stand between tags.
std::string SvgEscaped(std::string_view text);

/// A step of 1, 2 or 5 times a power of ten that divides `range` into about five.
double NiceStep(double range);

}  // namespace zeus
