#include "services/batch_size_server/job_view.h"

#include <algorithm>

#include "services/batch_size_server/batch_size_service.h"

namespace zeus {
namespace {

// The sum of a batch size's converged results.
struct Converged {
  size_t results = 0;
  Joules energy;
  Seconds time;
};

Spent SpentOf(const store::JobSettings& settings, Joules energy, Seconds time) {
  return {.energy = energy, .time = time, .cost = CostOf(settings, energy, time)};
}

void Count(const store::JobSettings& settings, const store::TrialResult& result, BatchSizeView* view) {
  ++view->results;
  if (!result.converged) return;
  ++view->converged;
  const Joules cost = CostOf(settings, result.energy, result.time);
  view->lowest_cost = view->lowest_cost ? std::min(*view->lowest_cost, cost) : cost;
}

}  // namespace

std::optional<Savings> SavingsOf(const store::JobSettings& settings, std::span<const store::TrialTally> tallies) {
  Savings savings;
  Joules energy;
  Seconds time;
  Converged by_default;
  for (const store::TrialTally& tally : tallies) {
    if (tally.status != store::TrialStatus::kSucceeded) continue;
    energy += tally.energy;
    time += tally.time;
    if (!tally.converged) continue;
    savings.converged += static_cast<size_t>(tally.trials);
    if (tally.batch_size != settings.default_batch_size) continue;
    by_default = {.results = static_cast<size_t>(tally.trials), .energy = tally.energy, .time = tally.time};
  }
  if (by_default.results == 0) return std::nullopt;
  const double factor = static_cast<double>(savings.converged) / static_cast<double>(by_default.results);
  savings.spent = SpentOf(settings, energy, time);
  savings.by_default = SpentOf(settings, factor * by_default.energy, factor * by_default.time);
  return savings;
}

JobView ViewJob(const store::JobSettings& settings, const std::vector<store::TrialRecord>& trials) {
  JobView view;
  for (const int64_t batch_size : settings.batch_sizes) view.batch_sizes.push_back({.batch_size = batch_size});
  for (const store::TrialRecord& trial : trials) {
    if (trial.status == store::TrialStatus::kFailed) ++view.failed;
    const auto of_size = std::ranges::find(view.batch_sizes, trial.batch_size, &BatchSizeView::batch_size);
    if (!trial.result || of_size == view.batch_sizes.end()) continue;
    ++view.succeeded;
    Count(settings, *trial.result, &*of_size);
  }
  const std::vector<store::TrialTally> tallies = store::TallyOf(trials);
  for (const store::TrialTally& tally : tallies) {
    const auto of_size = std::ranges::find(view.batch_sizes, tally.batch_size, &BatchSizeView::batch_size);
    if (!tally.converged || of_size == view.batch_sizes.end()) continue;
    of_size->mean_cost = CostOf(settings, tally.energy, tally.time) / static_cast<double>(tally.trials);
  }
  view.savings = SavingsOf(settings, tallies);
  return view;
}

}  // namespace zeus
