#include "services/batch_size_server/job_view.h"

#include <algorithm>

#include "services/batch_size_server/batch_size_service.h"

namespace zeus {
namespace {

// The sums of a batch size's converged results.
struct Tally {
  BatchSizeView view;
  Spent converged;
};

void Add(Spent* sum, const Spent& each) {
  sum->energy += each.energy;
  sum->time += each.time;
  sum->cost += each.cost;
}

Spent Times(const Spent& spent, double factor) {
  return {.energy = factor * spent.energy, .time = factor * spent.time, .cost = factor * spent.cost};
}

void Count(Tally* tally, const Spent& spent, bool converged) {
  ++tally->view.results;
  if (!converged) return;
  ++tally->view.converged;
  Add(&tally->converged, spent);
  std::optional<Joules>& lowest = tally->view.lowest_cost;
  lowest = lowest ? std::min(*lowest, spent.cost) : spent.cost;
  tally->view.mean_cost = tally->converged.cost / static_cast<double>(tally->view.converged);
}

}  // namespace

JobView ViewJob(const store::JobSettings& settings, const std::vector<store::TrialRecord>& trials) {
  JobView view;
  std::vector<Tally> tallies;
  for (const int64_t batch_size : settings.batch_sizes) tallies.push_back({.view = {.batch_size = batch_size}});
  const auto find = [&](int64_t batch_size) {
    return std::ranges::find(tallies, batch_size, [](const Tally& tally) { return tally.view.batch_size; });
  };
  Savings savings;
  for (const store::TrialRecord& trial : trials) {
    if (trial.status == store::TrialStatus::kFailed) ++view.failed;
    const auto tally = find(trial.batch_size);
    if (!trial.result || tally == tallies.end()) continue;
    ++view.succeeded;
    const Spent spent{.energy = trial.result->energy,
                      .time = trial.result->time,
                      .cost = CostOf(settings, trial.result->energy, trial.result->time)};
    Add(&savings.spent, spent);
    if (trial.result->converged) ++savings.converged;
    Count(&*tally, spent, trial.result->converged);
  }
  const auto by_default = find(settings.default_batch_size);
  if (by_default != tallies.end() && by_default->view.converged > 0) {
    savings.by_default = Times(by_default->converged, static_cast<double>(savings.converged) /
                                                          static_cast<double>(by_default->view.converged));
    view.savings = savings;
  }
  for (const Tally& tally : tallies) view.batch_sizes.push_back(tally.view);
  return view;
}

}  // namespace zeus
