#include "services/store/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace zeus::store {
namespace {

constexpr size_t kPage = 1000;

class JobCheck {
 public:
  JobCheck(const JobRecord& job, std::vector<std::string>* problems) : job_(job), problems_(problems) {
    const JobSettings& settings = job.settings;
    Require(!settings.batch_sizes.empty() && std::ranges::is_sorted(settings.batch_sizes, std::ranges::less_equal{}) &&
                settings.batch_sizes[0] > 0,
            "its batch sizes do not ascend");
    Require(Has(settings.default_batch_size), "its default is none of its batch sizes");
    Require(Has(job.min_cost_batch_size), "its cheapest batch size is none of its batch sizes");
    Require(!job.generator_state.empty(), "it has no random state");
  }

  void Add(const TrialRecord& trial) {
    const std::string name = fmt::format("trial {} ", trial.trial_number);
    Require(trial.trial_number >= 1 && trial.trial_number <= job_.last_trial_number,
            name + "has a number that was not given out");
    Require(Has(trial.batch_size), name + "has a batch size that is not the job's");
    Require(trial.result.has_value() == (trial.status == TrialStatus::kSucceeded),
            name + "has a result without having succeeded, or none although it has");
    Require(trial.end_ms.has_value() == (trial.status != TrialStatus::kDispatched),
            name + "has an end without having ended, or none although it has");
    Require(trial.renewed_ms >= trial.begin_ms, name + "was heard of before it began");
    Require(!trial.end_ms || *trial.end_ms >= trial.begin_ms, name + "ends before it begins");
    Require(trial.type != TrialType::kBandit || job_.stage == Stage::kBandit,
            name + "comes from a bandit that there is not");
    if (!trial.result) return;
    const TrialResult& result = *trial.result;
    Require(results_.insert(result.result_number).second && result.result_number >= 1 &&
                result.result_number <= job_.last_result_number,
            name + "has a result's number that was not given out, or twice");
    Require(std::isfinite(result.energy.value()) && result.energy.value() >= 0 && std::isfinite(result.time.value()) &&
                result.time.value() >= 0,
            name + "took no finite energy or time");
  }

 private:
  [[nodiscard]] bool Has(int64_t batch_size) const {
    return std::ranges::binary_search(job_.settings.batch_sizes, batch_size);
  }

  void Require(bool holds, const std::string& otherwise) const {
    if (!holds) problems_->push_back(fmt::format("job \"{}\": {}", job_.settings.job_id, otherwise));
  }

  const JobRecord& job_;
  std::vector<std::string>* problems_;
  std::set<int64_t> results_;
};

Result<void> CheckJob(Store& store, const JobRecord& job, std::vector<std::string>* problems) {
  JobCheck check(job, problems);
  int64_t after = 0;
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const std::vector<TrialRecord> trials, store.ListTrials(job.settings.job_id, after, kPage));
    if (trials.empty()) return {};
    for (const TrialRecord& trial : trials) check.Add(trial);
    after = trials.back().trial_number;
  }
}

Result<void> CheckAll(Store& store, std::vector<std::string>* problems) {
  std::string after;
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const std::vector<JobRecord> jobs, store.ListJobs(after, kPage));
    if (jobs.empty()) return {};
    for (const JobRecord& job : jobs) ZEUS_RETURN_IF_ERROR(CheckJob(store, job, problems));
    after = jobs.back().settings.job_id;
  }
}

}  // namespace

Result<std::vector<std::string>> FindBrokenInvariants(Store& store) {
  std::vector<std::string> problems;
  ZEUS_RETURN_IF_ERROR(store.Atomically([&] { return CheckAll(store, &problems); }));
  return problems;
}

}  // namespace zeus::store
