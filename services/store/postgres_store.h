#pragma once

#include <memory>

#include "services/store/postgres_database.h"
#include "services/store/store.h"

namespace zeus::store {

/// A Store in the schema "zeus" of a PostgreSQL database, which several servers may share.
///
/// Their transactions take turns: each begins by locking the one row of zeus.schema_version. So what a transaction read
/// still holds when it writes, none has to be run again, and there is no order of locks to get wrong, although
/// GroupCommit joins requests on many jobs in one. Locks on the jobs instead would let servers write at the same time,
/// and have two groups that meet in two jobs wait for each other until the server ends one of them. Whoever waits for
/// its turn gathers requests meanwhile.
///
/// A lost connection is made anew at the next transaction. Where it is lost while a transaction is being committed,
/// kUnavailable leaves open whether all of it was kept, or nothing.
class PostgresStore final : public Store {
 public:
  /// Connects and brings the tables up to this program's version, one server at a time. kInvalidData for tables that a
  /// newer program made, or that are none of ours; otherwise as PostgresDatabase.
  static Result<std::unique_ptr<PostgresStore>> Open(const std::string& url, const PostgresTimeouts& timeouts = {});

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
  explicit PostgresStore(PostgresDatabase database) : database_(std::move(database)) {}

  Result<void> Migrate();
  Result<int64_t> Version();
  Result<void> Begin();
  Result<void> TakeTurn();
  Result<PostgresRows> Read(const char* sql, const PostgresParameters& parameters);
  [[nodiscard]] Result<void> CheckWithin() const;

  PostgresDatabase database_;
  int depth_ = 0;
};

}  // namespace zeus::store
