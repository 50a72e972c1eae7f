#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "zeus/base/result.h"
#include "zeus/job/cost.h"
#include "zeus/job/history.h"
#include "zeus/job/job.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/power_limit/power_limit_policy.h"
#include "zeus/recurrence/executor.h"

namespace zeus {

/// Who decides and who acts. All three outlive the loop.
struct LoopParts {
  BatchSizePolicy* batch_size_policy = nullptr;
  PowerLimitPolicy* power_limit_policy = nullptr;
  Executor* executor = nullptr;
};

/// Runs the recurrences of one job: proposes, executes, observes, tries again until the target is reached. One loop
/// serves simulation and real training. Source: Zeus (NSDI'23), section 4.1, figure 4.
class RecurrenceLoop {
 public:
  static constexpr int kMaxTries = 20;

  /// What the loop itself remembers between recurrences.
  struct State {
    int64_t recurrences_done = 0;
    Joules min_cost = Joules(std::numeric_limits<double>::infinity());  ///< Of a whole recurrence, retries included.
  };

  /// Registers the job with both policies. `beta` bounds a try's cost at beta * min_cost.
  static Result<RecurrenceLoop> Create(const JobIdentity& job, const KnobSpace& space, const CostMetric& metric,
                                       double beta, const LoopParts& parts);

  /// Runs one recurrence and appends each of its tries to `history`, also when it ends in an error: kUnreachable when
  /// the default batch size does not reach the target in the first recurrence, or kMaxTries tries do not.
  Result<void> RunRecurrence(History* history);

  [[nodiscard]] const State& state() const { return state_; }
  void Restore(const State& state) { state_ = state; }

 private:
  RecurrenceLoop(const JobIdentity& job, const CostMetric& metric, double beta, const LoopParts& parts)
      : job_(job), metric_(metric), beta_(beta), parts_(parts) {}

  /// Runs one try; true when it reached the target. Adds its cost to `spent`.
  Result<bool> RunTry(int attempt, Joules* spent, History* history);

  JobIdentity job_;
  CostMetric metric_;
  double beta_;
  LoopParts parts_;
  JobId batch_size_job_{};
  JobId power_limit_job_{};
  State state_;
};

}  // namespace zeus
