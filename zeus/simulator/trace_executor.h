#pragma once

#include <vector>

#include "zeus/base/numpy_generator.h"
#include "zeus/job/cost.h"
#include "zeus/recurrence/executor.h"
#include "zeus/simulator/job_trace.h"

namespace zeus {

/// Executes a try by drawing one of the recorded runs at its batch size and power limit, and stopping it where a real
/// run would have been stopped.
class TraceExecutor final : public Executor {
 public:
  /// `trace` outlives the executor.
  TraceExecutor(const JobTrace& trace, const CostMetric& metric, const NumpyGenerator& generator);

  Result<Outcome> Execute(const TryRequest& request, const ChoosePowerLimit& choose) override;

  /// By recurrence, what its tries cost on average over the recorded runs, given their batch sizes and bounds: as the
  /// costs themselves are, but without the luck of which run was drawn. Of the recurrences that this executor ran.
  [[nodiscard]] const std::vector<Joules>& expected_costs() const { return expected_costs_; }

  /// The cost of an epoch at each limit of a batch size, high to low: what profiling finds.
  [[nodiscard]] Result<std::vector<PowerLimitCost>> Profile(int64_t batch_size) const;

  [[nodiscard]] const NumpyGenerator& generator() const { return generator_; }
  void Restore(const NumpyGenerator& generator) { generator_ = generator; }

 private:
  struct Limit {
    Watts power_limit;
    Seconds time_per_epoch;
    Joules energy_per_epoch;
    Joules bounding_epoch_cost;  // With the batch size's own largest limit as MaxPower.
  };
  struct BatchSize {
    int64_t batch_size = 0;
    std::vector<Limit> limits;  // Ascending.
    Seconds mean_time_per_epoch;
    Joules mean_energy_per_epoch;
    const std::vector<std::optional<int64_t>>* target_epochs = nullptr;
  };

  [[nodiscard]] Result<const BatchSize*> Find(int64_t batch_size) const;
  [[nodiscard]] std::vector<PowerLimitCost> ProfileOf(const BatchSize& batch_size) const;

  const JobTrace& trace_;
  CostMetric metric_;
  void AddExpectedCost(const TryRequest& request, const BatchSize& batch_size, double bound, Joules first_epoch,
                       Joules epoch);

  std::vector<BatchSize> batch_sizes_;  // Ascending.
  std::vector<Joules> expected_costs_;
  NumpyGenerator generator_;
};

}  // namespace zeus
