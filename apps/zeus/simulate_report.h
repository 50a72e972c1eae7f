#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/simulator/run_summary.h"
#include "zeus/simulator/single_job.h"

namespace zeus {

/// What `zeus simulate` has to tell.
struct SimulateReport {
  std::string gpu;
  const JobTrace* trace = nullptr;
  SimulationOptions options;
  std::vector<RecurrenceSummary> recurrences;
  std::optional<RunSummary> summary;  ///< Absent when the simulation ended in an error.
  std::string failure;                ///< Its message, or empty.
};

/// A table of the recurrences and a summary, for people.
std::string ReportText(const SimulateReport& report, const Console& console);

/// The same for programs; docs/formats.md describes the document.
std::string ReportJson(const SimulateReport& report);

/// The same as a picture (SVG).
std::string ReportPlot(const SimulateReport& report);

}  // namespace zeus
