#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zeus/base/units.h"
#include "zeus/job/job.h"
#include "zeus/job/knobs.h"
#include "zeus/simulator/job_trace.h"
#include "zeus/trace/power_trace.h"
#include "zeus/trace/train_trace.h"

namespace zeus {

/// A train trace and one GPU's power trace, joined on (dataset, network, batch size, optimizer).
class JoinedTrace {
 public:
  /// kInvalidData when no row of one meets a row of the other.
  static Result<JoinedTrace> Create(TrainTrace train, const PowerTrace& power);

  /// The GPU's highest power limit: the largest one in the whole joined table, whatever the workload.
  [[nodiscard]] Watts max_power() const { return max_power_; }

  /// Workloads that have rows in both traces.
  [[nodiscard]] const std::vector<Workload>& workloads() const { return workloads_; }

  /// All batch sizes of a workload, whatever the target, ascending. kInvalidArgument when there are none; the message
  /// lists the workloads there are.
  [[nodiscard]] Result<std::vector<int64_t>> BatchSizes(const Workload& workload) const;

  /// The targets that the train trace has for a workload, ascending.
  [[nodiscard]] Result<std::vector<double>> TargetMetrics(const Workload& workload) const;

  /// What the simulator needs of the job. kInvalidArgument when the trace does not hold the workload, the target or b0;
  /// the message lists what it does hold.
  [[nodiscard]] Result<JobTrace> Select(const JobIdentity& job) const;

 private:
  struct Configuration {
    int64_t batch_size = 0;
    std::vector<PowerRow> limits;  // In the power trace's order.
  };

  explicit JoinedTrace(TrainTrace train) : train_(std::move(train)) {}

  [[nodiscard]] Result<uint32_t> FindWorkload(const Workload& workload) const;
  [[nodiscard]] const Configuration* FindConfiguration(uint32_t workload, int64_t batch_size) const;

  TrainTrace train_;
  std::vector<std::vector<Configuration>> configurations_;  // By workload of the train trace; ascending batch size.
  std::vector<Workload> workloads_;
  Watts max_power_;
};

}  // namespace zeus
