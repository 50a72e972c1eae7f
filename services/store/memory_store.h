#pragma once

#include <map>
#include <utility>

#include "services/store/store.h"

namespace zeus::store {

/// A Store that forgets everything at its end: for tests, and for trying a server out.
class MemoryStore final : public Store {
 public:
  Result<void> Atomically(const std::function<Result<void>()>& work) override;
  Result<std::optional<JobRecord>> FindJob(const std::string& job_id) override;
  Result<void> PutJob(const JobRecord& job) override;
  Result<bool> DeleteJob(const std::string& job_id) override;
  Result<std::vector<JobRecord>> ListJobs(const std::string& after, size_t limit) override;
  Result<std::optional<TrialRecord>> FindTrial(const std::string& job_id, int64_t trial_number) override;
  Result<void> PutTrial(const TrialRecord& trial) override;
  Result<std::vector<TrialRecord>> ListTrials(const std::string& job_id, int64_t after, size_t limit) override;
  Result<std::vector<TrialTally>> TallyTrials(const std::string& job_id) override;

 private:
  [[nodiscard]] Result<void> CheckWithin() const;

  std::map<std::string, JobRecord> jobs_;
  std::map<std::pair<std::string, int64_t>, TrialRecord> trials_;
  std::vector<std::function<void()>> undo_;  // What takes back the changes of the outermost Atomically, in order.
  int depth_ = 0;
};

}  // namespace zeus::store
