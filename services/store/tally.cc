#include "services/store/tally.h"

#include <map>
#include <tuple>

namespace zeus::store {

std::vector<TrialTally> TallyOf(const std::vector<TrialRecord>& trials) {
  std::map<std::tuple<std::string, int64_t, TrialStatus, bool>, TrialTally> tallies;
  for (const TrialRecord& trial : trials) {
    const bool converged = trial.result && trial.result->converged;
    TrialTally& tally = tallies[{trial.job_id, trial.batch_size, trial.status, converged}];
    ++tally.trials;
    if (!trial.result) continue;
    tally.energy += trial.result->energy;
    tally.time += trial.result->time;
  }
  std::vector<TrialTally> ordered;
  for (auto& [key, tally] : tallies) {
    std::tie(tally.job_id, tally.batch_size, tally.status, tally.converged) = key;
    ordered.push_back(std::move(tally));
  }
  return ordered;
}

}  // namespace zeus::store
