#include "zeus/recurrence/recurrence_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zeus/recurrence/power_limit_choice.h"

namespace zeus {
namespace {

// What a try that could not even start is said to have cost: so much that no policy comes back to it.
constexpr double kDidNotRunPenalty = 100;

}  // namespace

Result<RecurrenceLoop> RecurrenceLoop::Create(const JobIdentity& job, const KnobSpace& space, const CostMetric& metric,
                                              double beta, const LoopParts& parts) {
  ZEUS_RETURN_IF_ERROR(Validate(job));
  ZEUS_RETURN_IF_ERROR(ValidateBeta(beta));
  RecurrenceLoop loop(job, metric, beta, parts);
  ZEUS_ASSIGN_OR_RETURN(loop.batch_size_job_, parts.batch_size_policy->RegisterJob(job, space));
  ZEUS_ASSIGN_OR_RETURN(loop.power_limit_job_, parts.power_limit_policy->RegisterJob(job, space));
  return loop;
}

Result<void> RecurrenceLoop::RunRecurrence(History* history) {
  Joules spent;
  for (int attempt = 0; attempt < kMaxTries; ++attempt) {
    ZEUS_ASSIGN_OR_RETURN(const bool reached, RunTry(attempt, &spent, history));
    if (!reached) continue;
    state_.min_cost = std::min(state_.min_cost, spent);
    ++state_.recurrences_done;
    return {};
  }
  return Fail(ErrorCode::kUnreachable,
              fmt::format("recurrence {}: {} tries did not reach the target metric {} of {}", state_.recurrences_done,
                          kMaxTries, job_.target_metric, ToText(job_.workload)));
}

Result<bool> RecurrenceLoop::RunTry(int attempt, Joules* spent, History* history) {
  ZEUS_ASSIGN_OR_RETURN(const Proposal proposal, parts_.batch_size_policy->Predict(batch_size_job_));
  TryRequest request{.recurrence = state_.recurrences_done,
                     .attempt = attempt,
                     .batch_size = proposal.batch_size,
                     .power_limit = proposal.power_limit,
                     .cost_upper_bound = proposal.cost_cap.value_or(beta_ * state_.min_cost),
                     .epoch_cost_limit = proposal.epoch_cost_limit};
  if (!request.power_limit) {
    ZEUS_ASSIGN_OR_RETURN(request.power_limit,
                          parts_.power_limit_policy->Predict(power_limit_job_, proposal.batch_size));
  }
  const auto choose = [&](std::span<const PowerLimitCost> profile) {
    return ObserveProfile(*parts_.power_limit_policy, power_limit_job_, proposal.batch_size, profile);
  };
  ZEUS_ASSIGN_OR_RETURN(const Outcome outcome, parts_.executor->Execute(request, choose));
  Observation observation{.batch_size = proposal.batch_size,
                          .cost = metric_.Cost(outcome.energy, outcome.time),
                          .reached = outcome.ending == Ending::kReached,
                          .epochs = outcome.epochs,
                          .epoch_cost = outcome.epoch_cost,
                          .ended_by_profile = outcome.ending == Ending::kAfterProfile,
                          .energy = outcome.energy,
                          .time = outcome.time};
  if (outcome.ending == Ending::kDidNotRun) {
    observation.cost = kDidNotRunPenalty * beta_ * state_.min_cost;
    observation.epochs = 0;
    ZEUS_RETURN_IF_ERROR(parts_.batch_size_policy->Observe(batch_size_job_, observation));
    return false;
  }
  *spent += observation.cost;
  ZEUS_RETURN_IF_ERROR(parts_.batch_size_policy->Observe(batch_size_job_, observation));
  history->push_back({.recurrence = request.recurrence,
                      .attempt = attempt,
                      .batch_size = proposal.batch_size,
                      .power_limit = outcome.power_limit,
                      .energy = outcome.energy,
                      .time = outcome.time,
                      .reached = observation.reached});
  // Where a policy bounded the very first try by what others had cost, it may have been stopped by that.
  if (!observation.reached && state_.recurrences_done == 0 && std::isinf(request.cost_upper_bound.value()) &&
      proposal.batch_size == job_.default_batch_size) {
    return Fail(ErrorCode::kUnreachable,
                fmt::format("the default batch size {} did not reach the target metric {} of {} within {} epochs; "
                            "choose a default that does, or another target",
                            job_.default_batch_size, job_.target_metric, ToText(job_.workload), job_.max_epochs));
  }
  return observation.reached;
}

}  // namespace zeus
