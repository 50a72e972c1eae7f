#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "zeus/optimizer/batch_size/pruned_thompson_policy.h"
#include "zeus/optimizer/batch_size/thompson_policy.h"
#include "zeus/optimizer/power_limit/power_limit_policy.h"

namespace zeus::python {

/// A built-in batch-size policy as Python's classes hold it. Safe from any thread, with or without the GIL.
///
/// Jobs are known by their identity alone: a job that a script registers with a list of batch sizes is the one that a
/// simulation registers with their power limits, too.
class BatchSizeBeliefs {
 public:
  using Policy = std::variant<PrunedThompsonPolicy, ThompsonPolicy>;

  explicit BatchSizeBeliefs(Policy policy) : policy_(std::move(policy)) {}
  BatchSizeBeliefs(const BatchSizeBeliefs& other);
  BatchSizeBeliefs& operator=(const BatchSizeBeliefs&) = delete;

  /// A default batch size of 0 stands for the smallest of `batch_sizes`.
  Result<JobId> Register(const JobIdentity& job, const std::vector<int64_t>& batch_sizes);
  [[nodiscard]] Result<JobId> Find(const JobIdentity& job) const;
  [[nodiscard]] std::string_view name() const;

  /// Where exploration left no batch size: kInvalidArgument, which is published as ValueError.
  Result<int64_t> Predict(JobId job);
  Result<void> Observe(JobId job, const Observation& observation);
  /// Whether exploration's walk over the batch sizes is still under way.
  Result<bool> IsExploring(JobId job) const;

 private:
  using Jobs = std::vector<std::pair<JobIdentity, JobId>>;  // As Python knows them.

  explicit BatchSizeBeliefs(std::pair<Policy, Jobs> all)
      : policy_(std::move(all.first)), jobs_(std::move(all.second)) {}

  [[nodiscard]] BatchSizePolicy& policy();

  mutable std::mutex mutex_;
  Policy policy_;
  Jobs jobs_;
};

/// Just-in-time profiling as Python's class holds it: the published interface registers no jobs and so knows neither
/// their batch sizes nor their limits beforehand. Safe from any thread, with or without the GIL.
class PowerLimitBeliefs {
 public:
  PowerLimitBeliefs() = default;
  PowerLimitBeliefs(const PowerLimitBeliefs& other);
  PowerLimitBeliefs& operator=(const PowerLimitBeliefs&) = delete;

  [[nodiscard]] std::optional<Watts> Predict(const JobIdentity& job, int64_t batch_size) const;
  Result<void> Observe(const JobIdentity& job, int64_t batch_size, const PowerLimitCost& observation);

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<JobIdentity, int64_t>, std::optional<PowerLimitCost>> best_;
};

/// What a policy answers whose beliefs a Python object keeps.
std::unexpected<Error> FailUnsaved();

/// Policies over beliefs that they share with a Python object: what a simulation or a run learns, the object knows.
std::unique_ptr<BatchSizePolicy> MakePolicy(std::shared_ptr<BatchSizeBeliefs> beliefs);
std::unique_ptr<PowerLimitPolicy> MakePolicy(std::shared_ptr<PowerLimitBeliefs> beliefs);

}  // namespace zeus::python
