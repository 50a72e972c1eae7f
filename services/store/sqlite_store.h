#pragma once

#include <filesystem>
#include <memory>

#include "services/store/sqlite_database.h"
#include "services/store/store.h"

namespace zeus::store {

/// A Store in one SQLite file, which this process alone has open.
class SqliteStore final : public Store {
 public:
  /// Opens or makes the file and brings its tables up to this program's version. kInvalidData for a file that a newer
  /// program made, or that is none of ours; kUnavailable while another process has it.
  static Result<std::unique_ptr<SqliteStore>> Open(const std::filesystem::path& file);

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
  explicit SqliteStore(SqliteDatabase database) : database_(std::move(database)) {}

  Result<void> Migrate();
  Result<int64_t> Version();
  [[nodiscard]] Result<void> CheckWithin() const;

  SqliteDatabase database_;
  int depth_ = 0;
};

}  // namespace zeus::store
