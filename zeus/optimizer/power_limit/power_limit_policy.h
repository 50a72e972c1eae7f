#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/job.h"
#include "zeus/job/knobs.h"
#include "zeus/job/outcome.h"
#include "zeus/optimizer/job_id.h"

namespace zeus {

/// Chooses the power limit for a job and a batch size. Users implement this interface to bring a policy of their own.
/// Pure and not thread-safe, like BatchSizePolicy.
class PowerLimitPolicy {
 public:
  virtual ~PowerLimitPolicy() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Makes the job known. Registering it again keeps what was learned and returns the same id.
  virtual Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) = 0;

  /// The limit to run at; nullopt when power limits must be profiled first.
  virtual Result<std::optional<Watts>> Predict(JobId job, int64_t batch_size) = 0;

  /// Reports what profiling found for one limit. Limits come from high to low.
  virtual Result<void> Observe(JobId job, int64_t batch_size, const PowerLimitCost& observation) = 0;

  [[nodiscard]] virtual Result<std::string> SaveBeliefs() const = 0;
  virtual Result<void> LoadBeliefs(std::string_view json) = 0;
};

}  // namespace zeus
