#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "services/batch_size_server/job_view.h"
#include "services/http/metrics_text.h"
#include "services/store/store.h"

namespace zeus {

/// Jobs by stage, trials by outcome, and what the jobs save against their defaults: docs/http-api.md. Taken a few jobs
/// at a time, so that nothing else waits for long.
class JobMetrics {
 public:
  /// Takes in the next few jobs, and once there are no more, the whole is there.
  Result<void> AddSomeJobs(store::Store& store);
  [[nodiscard]] bool whole() const { return whole_; }

  /// Precondition: whole().
  void Write(http::MetricsText& metrics) const;

 private:
  Result<void> AddJob(store::Store& store, const store::JobRecord& job);

  bool whole_ = false;
  std::string last_;  // The last job that was taken in.
  int64_t exploring_ = 0;
  int64_t in_bandit_ = 0;
  std::map<std::string, int64_t> trials_ = {{"dispatched", 0}, {"converged", 0}, {"not_converged", 0}, {"failed", 0}};
  Spent spent_;
  Spent by_default_;
};

}  // namespace zeus
