#include "services/batch_size_server/job_metrics.h"

#include <vector>

namespace zeus {
namespace {

using store::JobRecord;
using store::Stage;
using store::TrialStatus;
using store::TrialTally;

constexpr size_t kJobsAtOnce = 16;

const char* OutcomeOf(const TrialTally& tally) {
  if (tally.status == TrialStatus::kDispatched) return "dispatched";
  if (tally.status == TrialStatus::kFailed) return "failed";
  return tally.converged ? "converged" : "not_converged";
}

}  // namespace

Result<void> JobMetrics::AddSomeJobs(store::Store& store) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JobRecord> jobs, store.ListJobs(last_, kJobsAtOnce));
  for (const JobRecord& job : jobs) ZEUS_RETURN_IF_ERROR(AddJob(store, job));
  whole_ = jobs.size() < kJobsAtOnce;
  if (!jobs.empty()) last_ = jobs.back().settings.job_id;
  return {};
}

Result<void> JobMetrics::AddJob(store::Store& store, const JobRecord& job) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<TrialTally> tallies, store.TallyTrials(job.settings.job_id));
  ++(job.stage == Stage::kBandit ? in_bandit_ : exploring_);
  for (const TrialTally& tally : tallies) trials_[OutcomeOf(tally)] += tally.trials;
  const std::optional<Savings> savings = SavingsOf(job.settings, tallies);
  if (!savings) return {};
  spent_.energy += savings->spent.energy;
  spent_.time += savings->spent.time;
  by_default_.energy += savings->by_default.energy;
  by_default_.time += savings->by_default.time;
  return {};
}

void JobMetrics::Write(http::MetricsText& metrics) const {
  metrics.Begin("zeus_jobs", "gauge", "Jobs, by what decides about them.");
  metrics.Add({{"stage", "exploration"}}, static_cast<double>(exploring_));
  metrics.Add({{"stage", "bandit"}}, static_cast<double>(in_bandit_));
  metrics.Begin("zeus_trials", "gauge", "Trials of the jobs that there are, by how they ended.");
  for (const auto& [outcome, trials] : trials_) metrics.Add({{"outcome", outcome}}, static_cast<double>(trials));
  metrics.Begin("zeus_spent_joules", "gauge", "Energy of all runs of the jobs whose default batch size has converged.");
  metrics.Add({}, spent_.energy.value());
  metrics.Begin("zeus_saved_joules", "gauge",
                "What those jobs would have taken more with their default batch sizes (estimated).");
  metrics.Add({}, by_default_.energy.value() - spent_.energy.value());
  metrics.Begin("zeus_saved_seconds", "gauge", "The same of their time (estimated).");
  metrics.Add({}, by_default_.time.value() - spent_.time.value());
}

}  // namespace zeus
