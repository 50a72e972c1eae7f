#include "services/batch_size_server/job_metrics.h"

#include <algorithm>
#include <map>
#include <span>

#include "services/batch_size_server/job_view.h"

namespace zeus {
namespace {

using store::JobRecord;
using store::Stage;
using store::TrialStatus;
using store::TrialTally;

constexpr size_t kJobsAtOnce = 1000;

struct Totals {
  int64_t exploring = 0;
  int64_t in_bandit = 0;
  std::map<std::string, int64_t> trials = {{"dispatched", 0}, {"converged", 0}, {"not_converged", 0}, {"failed", 0}};
  Spent spent;
  Spent by_default;
};

const char* OutcomeOf(const TrialTally& tally) {
  if (tally.status == TrialStatus::kDispatched) return "dispatched";
  if (tally.status == TrialStatus::kFailed) return "failed";
  return tally.converged ? "converged" : "not_converged";
}

void AddJob(const JobRecord& job, std::span<const TrialTally> tallies, Totals* totals) {
  ++(job.stage == Stage::kBandit ? totals->in_bandit : totals->exploring);
  const std::optional<Savings> savings = SavingsOf(job.settings, tallies);
  if (!savings) return;
  totals->spent.energy += savings->spent.energy;
  totals->spent.time += savings->spent.time;
  totals->by_default.energy += savings->by_default.energy;
  totals->by_default.time += savings->by_default.time;
}

Result<Totals> TotalsOf(store::Store& store) {
  Totals totals;
  ZEUS_ASSIGN_OR_RETURN(const std::vector<TrialTally> tallies, store.TallyTrials());
  for (const TrialTally& tally : tallies) totals.trials[OutcomeOf(tally)] += tally.trials;
  std::string after;
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const std::vector<JobRecord> jobs, store.ListJobs(after, kJobsAtOnce));
    for (const JobRecord& job : jobs) {
      const auto own = std::ranges::equal_range(tallies, job.settings.job_id, {}, &TrialTally::job_id);
      AddJob(job, {own.begin(), own.end()}, &totals);
    }
    if (jobs.size() < kJobsAtOnce) return totals;
    after = jobs.back().settings.job_id;
  }
}

}  // namespace

Result<void> WriteJobMetrics(store::Store& store, http::MetricsText& metrics) {
  ZEUS_ASSIGN_OR_RETURN(const Totals totals, TotalsOf(store));
  metrics.Begin("zeus_jobs", "gauge", "Jobs, by what decides about them.");
  metrics.Add({{"stage", "exploration"}}, static_cast<double>(totals.exploring));
  metrics.Add({{"stage", "bandit"}}, static_cast<double>(totals.in_bandit));
  metrics.Begin("zeus_trials", "gauge", "Trials of the jobs that there are, by how they ended.");
  for (const auto& [outcome, trials] : totals.trials) metrics.Add({{"outcome", outcome}}, static_cast<double>(trials));
  metrics.Begin("zeus_spent_joules", "gauge", "Energy of all runs of the jobs whose default batch size has converged.");
  metrics.Add({}, totals.spent.energy.value());
  metrics.Begin("zeus_saved_joules", "gauge",
                "What those jobs would have taken more with their default batch sizes (estimated).");
  metrics.Add({}, totals.by_default.energy.value() - totals.spent.energy.value());
  metrics.Begin("zeus_saved_seconds", "gauge", "The same of their time (estimated).");
  metrics.Add({}, totals.by_default.time.value() - totals.spent.time.value());
  return {};
}

}  // namespace zeus
