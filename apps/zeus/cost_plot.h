#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "zeus/simulator/run_summary.h"

namespace zeus {

/// What a recurrence costs at one batch size and power limit: a line across the picture.
struct CostLevel {
  std::string label;
  int64_t batch_size = 0;
  Watts power_limit;
  Joules cost;
};

/// What CostPlotSvg draws.
struct CostPlot {
  std::string title;
  std::span<const RecurrenceSummary> recurrences;
  std::optional<CostLevel> default_level;  ///< What is paid without Zeus.
  std::optional<CostLevel> best_level;     ///< The best possible, or the best that was found.
};

/// The cost of each recurrence as bars, with the two levels as lines, as a stand-alone SVG picture that reads well on
/// light and dark pages.
std::string CostPlotSvg(const CostPlot& plot);

}  // namespace zeus
