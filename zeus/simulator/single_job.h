#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/recurrence/recurrence_loop.h"
#include "zeus/simulator/policy_factory.h"
#include "zeus/simulator/trace_executor.h"

namespace zeus {

struct SimulationOptions {
  double eta = 0.5;
  double beta = 2.0;
  uint64_t seed = 1;  ///< Of the trace's draws and of the policy's, as two streams.
  size_t window = 0;
  Concurrency concurrency = Concurrency::kOff;
  PolicyNames policies;
};

/// Lives through the recurrences of one job on a trace. Source: docs/simulation.md.
///
/// The same options give the same history on every machine. Not thread-safe; a sweep runs one simulation a thread.
class SingleJobSimulation {
 public:
  /// `trace` outlives the simulation.
  static Result<SingleJobSimulation> Create(const JobTrace& trace, const SimulationOptions& options,
                                            const PolicyFactory& factory = PolicyFactory());

  /// With policies that the caller made, whatever names the options have.
  static Result<SingleJobSimulation> Create(const JobTrace& trace, const SimulationOptions& options, Policies policies);

  /// Runs until `recurrences` are done in all. On an error the history holds everything up to it.
  Result<void> RunUntil(int64_t recurrences);

  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] int64_t recurrences_done() const { return loop_->state().recurrences_done; }
  /// See TraceExecutor: by recurrence, of those since this simulation was made.
  [[nodiscard]] const std::vector<Joules>& expected_costs() const { return executor_->expected_costs(); }
  [[nodiscard]] const BatchSizePolicy& batch_size_policy() const { return *policies_.batch_size; }
  [[nodiscard]] const CostMetric& metric() const { return metric_; }
  /// What the batch-size policy believes now; nothing, where it has nothing to tell.
  [[nodiscard]] Result<std::optional<PolicyExplanation>> Explain() const;

  /// The whole simulation as versioned JSON: options, history, beliefs and random streams.
  [[nodiscard]] Result<std::string> Save() const;

  /// Continues a saved simulation. It must be of the same trace's job and the same options; otherwise the error names
  /// the first difference, and this simulation is as before.
  Result<void> Load(std::string_view json);

 private:
  SingleJobSimulation(const JobTrace& trace, const SimulationOptions& options, const CostMetric& metric,
                      Policies policies);

  [[nodiscard]] Result<RecurrenceLoop> MakeLoop() const;
  Result<void> LoadBeliefs(std::string_view batch_size, std::string_view power_limit);

  const JobTrace* trace_;
  SimulationOptions options_;
  CostMetric metric_;
  Policies policies_;
  std::unique_ptr<TraceExecutor> executor_;  // At a fixed address, because the loop points to it.
  std::optional<RecurrenceLoop> loop_;
  History history_;
};

/// A policy in a simulation that goes on is fed `seed`, the executor the same one: two equal streams, as published.
PolicyOptions ToPolicyOptions(const SimulationOptions& options);

}  // namespace zeus
