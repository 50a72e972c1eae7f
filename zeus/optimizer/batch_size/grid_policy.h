#pragma once

#include <optional>
#include <vector>

#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/job_table.h"

namespace zeus {

/// Exhaustive search, the baseline that people would write first: each recurrence tries one pair of batch size and
/// power limit, batch sizes from b0 down and then up, limits from high to low. A batch size that does not reach the
/// target is dropped with the limits it still had. After the last pair the cheapest one stays. Name: "grid".
class GridPolicy final : public BatchSizePolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "grid"; }
  /// kInvalidArgument unless every batch size comes with its power limits.
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override;
  Result<Proposal> Predict(JobId job) override;
  Result<void> Observe(JobId job, const Observation& observation) override;
  [[nodiscard]] Result<std::string> SaveBeliefs() const override;
  Result<void> LoadBeliefs(std::string_view json) override;

  struct Pair {
    int64_t batch_size = 0;
    Watts power_limit;
  };
  struct Search {
    std::vector<Pair> left;  ///< Pairs still to try, the next one last.
    std::optional<Pair> cheapest;
    Joules cheapest_cost;
  };

 private:
  JobTable<Search> jobs_;
};

}  // namespace zeus
