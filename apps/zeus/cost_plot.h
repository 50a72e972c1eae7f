#pragma once

#include <string>

#include "apps/zeus/simulate_report.h"

namespace zeus {

/// The cost of each recurrence as bars, beside the costs of the default and of the best possible, as a stand-alone SVG
/// picture that reads well on light and dark pages.
std::string CostPlotSvg(const SimulateReport& report);

}  // namespace zeus
