#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/store/records.h"
#include "services/store/tally.h"
#include "zeus/base/result.h"

namespace zeus::store {

/// Jobs and their trials. Not thread-safe: one owner, in a server the thread of GroupCommit. What others who share the
/// medium do happens between its transactions, as if each had been alone.
///
/// Nine methods instead of seven: what belongs to one transaction cannot lie in two interfaces.
class Store {
 public:
  virtual ~Store() = default;

  /// Everything that `work` changes is kept, or, where it fails, nothing. The outermost call's end is durable: after
  /// it, neither a crash nor a power cut takes it back. A call within a call undoes its own part only. kUnavailable
  /// when the medium fails; then nothing was kept, unless the store says otherwise. Changes outside of it are refused
  /// with kFailedPrecondition.
  virtual Result<void> Atomically(const std::function<Result<void>()>& work) = 0;

  virtual Result<std::optional<JobRecord>> FindJob(const std::string& job_id) = 0;
  /// Inserts, or replaces the one of the same id.
  virtual Result<void> PutJob(const JobRecord& job) = 0;
  /// With its trials; whether there was one.
  virtual Result<bool> DeleteJob(const std::string& job_id) = 0;
  /// At most `limit`, ascending by the bytes of their ids, from the first after `after`.
  virtual Result<std::vector<JobRecord>> ListJobs(const std::string& after, size_t limit) = 0;

  virtual Result<std::optional<TrialRecord>> FindTrial(const std::string& job_id, int64_t trial_number) = 0;
  /// Inserts, or replaces the one of the same job and number. kFailedPrecondition when there is no such job.
  virtual Result<void> PutTrial(const TrialRecord& trial) = 0;
  /// At most `limit`, ascending by number, from the first after `after`.
  virtual Result<std::vector<TrialRecord>> ListTrials(const std::string& job_id, int64_t after, size_t limit) = 0;
  /// TallyOf a job's trials, without listing them.
  virtual Result<std::vector<TrialTally>> TallyTrials(const std::string& job_id) = 0;
};

}  // namespace zeus::store
