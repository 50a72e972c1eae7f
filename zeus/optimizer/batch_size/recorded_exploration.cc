#include "zeus/optimizer/batch_size/recorded_exploration.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

namespace zeus {

Result<ExplorationStep> FindExplorationStep(PruningExploration exploration, std::span<const ExplorationTrial> trials) {
  std::map<int64_t, std::vector<const ExplorationTrial*>> by_batch_size;
  for (const ExplorationTrial& trial : trials) {
    if (trial.result && !std::isfinite(trial.result->cost.value())) {
      return Fail(ErrorCode::kInvalidData, fmt::format("a trial of batch size {} cost no number", trial.batch_size));
    }
    by_batch_size[trial.batch_size].push_back(&trial);
  }
  std::map<int64_t, size_t> turns;
  while (const std::optional<int64_t> next = exploration.Next()) {
    const std::vector<const ExplorationTrial*>& tried = by_batch_size[*next];
    const size_t turn = turns[*next]++;
    if (turn >= tried.size()) return ExploreNext{*next};
    const std::optional<ExplorationTrial::Result>& result = tried[turn]->result;
    if (!result) return AwaitResult{};
    ZEUS_RETURN_IF_ERROR(exploration.Report(*next, result->cost, result->reached));
  }
  return ExplorationOver{exploration.survivors()};
}

}  // namespace zeus
