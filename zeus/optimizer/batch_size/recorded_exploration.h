#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/optimizer/batch_size/pruning_exploration.h"

namespace zeus {

/// A run that exploration asked for, as somebody keeps it on record. Runs that were given up are left out: exploration
/// asks for them again.
struct ExplorationTrial {
  struct Result {
    Joules cost;
    bool reached = false;
  };

  int64_t batch_size = 0;
  std::optional<Result> result;  ///< Absent: under way.
};

/// Where an exploration stands.
struct ExploreNext {
  int64_t batch_size = 0;
};
struct AwaitResult {};  ///< The next step depends on a run that is under way.
struct ExplorationOver {
  std::vector<int64_t> survivors;  ///< Ascending; may be empty.
};
using ExplorationStep = std::variant<ExploreNext, AwaitResult, ExplorationOver>;

/// Where `exploration`, taken from its beginning, stands after `trials`, which are in the order in which they were
/// asked for. The n-th trial of a batch size is its turn in the n-th round that comes to it. kInvalidData for results
/// that cannot be (a cost that is no number).
Result<ExplorationStep> FindExplorationStep(PruningExploration exploration, std::span<const ExplorationTrial> trials);

}  // namespace zeus
