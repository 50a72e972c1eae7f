#pragma once

#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/trace/trace_summary.h"

namespace zeus {

/// Tables for people, a block for each folder.
std::string DescribeText(const std::vector<TraceSummary>& summaries, const Console& console);

/// Everything that the summaries hold.
std::string DescribeJson(const std::vector<TraceSummary>& summaries);

}  // namespace zeus
