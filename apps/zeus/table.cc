#include "apps/zeus/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zeus {
namespace {

// Columns a UTF-8 text takes on a terminal, for the letters and signs that Zeus prints.
size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string Padded(std::string_view text, size_t width, Align align) {
  const std::string padding(width - std::min(width, Width(text)), ' ');
  return align == Align::kLeft ? std::string(text).append(padding) : std::string(padding).append(text);
}

}  // namespace

void Table::AddRow(std::vector<std::string> cells, Style style) {
  rows_.push_back({.cells = std::move(cells), .style = style});
}

std::string Table::ToText(const Console& console) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = Width(columns_[i].title);
    for (const Row& row : rows_) width = std::max(width, Width(row.cells[i]));
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell) {
    std::string text;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text += "  ";
      text += Padded(cell(i), widths[i], columns_[i].align);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  std::string text = console.Styled(Style::kBold, line([&](size_t i) { return columns_[i].title; })) + "\n";
  std::string rule;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) rule += "  ";
    rule.append(widths[i], '-');
  }
  text += console.Styled(Style::kDim, rule) + "\n";
  for (const Row& row : rows_) {
    text += console.Styled(row.style, line([&](size_t i) { return row.cells[i]; })) + "\n";
  }
  return text;
}

std::string JoulesText(double joules) {
  const double size = std::abs(joules);
  if (size >= 1e9) return fmt::format("{:.2f} GJ", joules / 1e9);
  if (size >= 1e6) return fmt::format("{:.2f} MJ", joules / 1e6);
  if (size >= 1e3) return fmt::format("{:.2f} kJ", joules / 1e3);
  return fmt::format("{:.2f} J", joules);
}

std::string SecondsText(double seconds) {
  const double size = std::abs(seconds);
  if (size >= 48 * 3600) return fmt::format("{:.1f} d", seconds / 86400);
  if (size >= 3600) return fmt::format("{:.2f} h", seconds / 3600);
  if (size >= 120) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} s", seconds);
}

std::string PercentText(double fraction) {
  return fmt::format("{:.1f}%", 100 * fraction);
}

}  // namespace zeus
