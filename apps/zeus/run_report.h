#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/launcher/run_history.h"
#include "zeus/simulator/run_summary.h"

namespace zeus {

/// One recurrence at a batch size and power limit: the mean of those that were made.
struct RunFigures {
  int64_t batch_size = 0;
  Watts power_limit;
  Joules energy;
  Seconds time;
  Joules cost;
};

/// What `zeus run` has to tell.
struct RunReport {
  RunIdentity identity;
  std::filesystem::path log_dir;
  std::string picture;  ///< Where the costs were drawn; empty: nowhere.
  std::vector<RecurrenceSummary> recurrences;
  std::string failure;  ///< Why it ended before all recurrences were done, or empty.
};

/// The first recurrence that the default batch size ended; nothing where there was none.
std::optional<RunFigures> DefaultFigures(const RunReport& report);

/// The pair of batch size and power limit used most in the last ten recurrences, the later one on a tie, with the mean
/// of those that used it.
std::optional<RunFigures> FoundFigures(const RunReport& report);

/// The recurrence, from 0, that used the found pair first, of those from which on every ten in a row (all, if there are
/// fewer) used it more than half of the time.
std::optional<int64_t> SettledAfter(const RunReport& report);

/// A table of the recurrences and what was found, for people.
std::string RunText(const RunReport& report, const Console& console);

/// The same for programs; docs/formats.md describes the document.
std::string RunJson(const RunReport& report);

/// The same as a picture (SVG).
std::string RunPlot(const RunReport& report);

}  // namespace zeus
