#include "services/store/memory_store.h"

#include <limits>

namespace zeus::store {
namespace {

// Sets or removes the key's value; what takes that back.
template <class Map>
std::function<void()> Change(Map& map, const typename Map::key_type& key,
                             std::optional<typename Map::mapped_type> value) {
  std::optional<typename Map::mapped_type> before;
  if (const auto found = map.find(key); found != map.end()) before = found->second;
  const auto set = [&map, key](const std::optional<typename Map::mapped_type>& to) {
    if (to) {
      map.insert_or_assign(key, *to);
    } else {
      map.erase(key);
    }
  };
  set(value);
  return [set, before] { set(before); };
}

}  // namespace

Result<void> MemoryStore::Atomically(const std::function<Result<void>()>& work) {
  const size_t mark = undo_.size();
  ++depth_;
  Result<void> done = work();
  --depth_;
  if (!done) {
    while (undo_.size() > mark) {
      undo_.back()();
      undo_.pop_back();
    }
  }
  if (depth_ == 0) undo_.clear();
  return done;
}

Result<void> MemoryStore::CheckWithin() const {
  if (depth_ > 0) return {};
  return Fail(ErrorCode::kFailedPrecondition, "a change outside of a transaction");
}

Result<std::optional<JobRecord>> MemoryStore::FindJob(const std::string& job_id) {
  const auto found = jobs_.find(job_id);
  return found == jobs_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> MemoryStore::PutJob(const JobRecord& job) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  undo_.push_back(Change(jobs_, job.settings.job_id, job));
  return {};
}

Result<bool> MemoryStore::DeleteJob(const std::string& job_id) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  if (!jobs_.contains(job_id)) return false;
  undo_.push_back(Change(jobs_, job_id, std::nullopt));
  for (auto trial = trials_.lower_bound({job_id, 0}); trial != trials_.end() && trial->first.first == job_id;) {
    const auto next = std::next(trial);
    const std::pair<std::string, int64_t> key = trial->first;
    undo_.push_back(Change(trials_, key, std::nullopt));
    trial = next;
  }
  return true;
}

Result<std::vector<JobRecord>> MemoryStore::ListJobs(const std::string& after, size_t limit) {
  std::vector<JobRecord> jobs;
  for (auto job = jobs_.upper_bound(after); job != jobs_.end() && jobs.size() < limit; ++job) {
    jobs.push_back(job->second);
  }
  return jobs;
}

Result<std::optional<TrialRecord>> MemoryStore::FindTrial(const std::string& job_id, int64_t trial_number) {
  const auto found = trials_.find({job_id, trial_number});
  return found == trials_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> MemoryStore::PutTrial(const TrialRecord& trial) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  if (!jobs_.contains(trial.job_id)) return Fail(ErrorCode::kFailedPrecondition, "a trial of a job that is not there");
  undo_.push_back(Change(trials_, {trial.job_id, trial.trial_number}, trial));
  return {};
}

Result<std::vector<TrialRecord>> MemoryStore::ListTrials(const std::string& job_id, int64_t after, size_t limit) {
  std::vector<TrialRecord> trials;
  for (auto trial = trials_.upper_bound({job_id, after});
       trial != trials_.end() && trial->first.first == job_id && trials.size() < limit; ++trial) {
    trials.push_back(trial->second);
  }
  return trials;
}

Result<std::vector<TrialTally>> MemoryStore::TallyTrials(const std::string& job_id) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<TrialRecord> trials,
                        ListTrials(job_id, 0, std::numeric_limits<size_t>::max()));
  return TallyOf(trials);
}

}  // namespace zeus::store
