#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/job/job.h"
#include "zeus/optimizer/batch_size/policy_explanation.h"

namespace zeus {

/// What `zeus explain` has to tell.
struct ExplainReport {
  JobIdentity job;
  std::string where;  ///< The GPU model, or the run's folder.
  std::string batch_policy;
  int64_t recurrences = 0;  ///< Done so far.
  PolicyExplanation explanation;
  /// What a recurrence really costs at each batch size and its best power limit; empty for real training. Absent where
  /// the target is never reached.
  std::vector<std::optional<Joules>> truth;
};

/// A table of what is believed of each batch size, for people.
std::string ExplainText(const ExplainReport& report, const Console& console);

/// The same for programs; docs/formats.md describes the document.
std::string ExplainJson(const ExplainReport& report);

/// The believed costs, and the true ones where they are known, as a picture (SVG).
std::string ExplainPlot(const ExplainReport& report);

}  // namespace zeus
