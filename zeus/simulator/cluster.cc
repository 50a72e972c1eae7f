#include "zeus/simulator/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "zeus/base/adler32.h"
#include "zeus/recurrence/power_limit_choice.h"
#include "zeus/recurrence/recurrence_loop.h"
#include "zeus/simulator/trace_executor.h"

namespace zeus {
namespace {

// A run of a submission, under way until `end`.
struct Run {
  int64_t submission = 0;
  int attempt = 0;
  Seconds end;
  Seconds length;
  double runtime_ratio = 1;
  int64_t batch_size = 0;
  Outcome outcome;
};

class GroupSimulation {
 public:
  GroupSimulation(const JobTrace& trace, const CostMetric& metric, double beta, Policies policies, uint64_t seed)
      : trace_(trace),
        metric_(metric),
        beta_(beta),
        policies_(std::move(policies)),
        executor_(trace, metric, NumpyGenerator(seed)),
        best_batch_size_(trace.job.default_batch_size) {}

  Result<void> Register() {
    ZEUS_ASSIGN_OR_RETURN(batch_size_job_, policies_.batch_size->RegisterJob(trace_.job, trace_.space));
    ZEUS_ASSIGN_OR_RETURN(power_limit_job_, policies_.power_limit->RegisterJob(trace_.job, trace_.space));
    return {};
  }

  Result<void> RunAll(const std::vector<Submission>& submissions) {
    for (size_t i = 0; i < submissions.size(); ++i) {
      const Submission& submission = submissions[i];
      ZEUS_RETURN_IF_ERROR(ReapUntil(submission.start));
      ZEUS_RETURN_IF_ERROR(Start({.submission = static_cast<int64_t>(i),
                                  .attempt = 0,
                                  .end = submission.end,
                                  .length = submission.end - submission.start,
                                  .runtime_ratio = submission.runtime_ratio,
                                  .batch_size = 0,
                                  .outcome = {}}));
    }
    return ReapUntil(Seconds(std::numeric_limits<double>::infinity()));
  }

  GroupResult TakeResult() { return std::move(result_); }

 private:
  // Decides a run's knobs, executes it on the trace and puts it under way. While another run is under way nothing new
  // is learned from it yet, so the best known batch size is used instead of asking the policy.
  Result<void> Start(Run run) {
    TryRequest request{.recurrence = run.submission,
                       .attempt = run.attempt,
                       .batch_size = best_batch_size_,
                       .power_limit = {},
                       .cost_upper_bound = beta_ * min_cost_};
    if (under_way_.empty()) {
      ZEUS_ASSIGN_OR_RETURN(const Proposal proposal, policies_.batch_size->Predict(batch_size_job_));
      request.batch_size = proposal.batch_size;
      request.power_limit = proposal.power_limit;
      Bound(proposal, &request);
    } else {
      ZEUS_ASSIGN_OR_RETURN(const std::optional<Proposal> proposal,
                            policies_.batch_size->PredictConcurrent(batch_size_job_));
      if (proposal) {
        request.batch_size = proposal->batch_size;
        request.power_limit = proposal->power_limit;
        Bound(*proposal, &request);
      }
    }
    if (!request.power_limit) {
      ZEUS_ASSIGN_OR_RETURN(request.power_limit, policies_.power_limit->Predict(power_limit_job_, request.batch_size));
    }
    const auto choose = [&](std::span<const PowerLimitCost> profile) {
      return ObserveProfile(*policies_.power_limit, power_limit_job_, request.batch_size, profile);
    };
    run.batch_size = request.batch_size;
    ZEUS_ASSIGN_OR_RETURN(run.outcome, executor_.Execute(request, choose));
    under_way_.push_back(run);
    return {};
  }

  static void Bound(const Proposal& proposal, TryRequest* request) {
    if (proposal.cost_cap) request->cost_upper_bound = *proposal.cost_cap;
    request->epoch_cost_limit = proposal.epoch_cost_limit;
  }

  // Ends the runs that end by `now`, earliest first; each miss starts a retry, which may end by then, too.
  Result<void> ReapUntil(Seconds now) {
    while (true) {
      const auto first = std::ranges::min_element(under_way_, {}, &Run::end);
      if (first == under_way_.end() || first->end > now) return {};
      const Run run = *first;
      under_way_.erase(first);
      ZEUS_RETURN_IF_ERROR(End(run));
    }
  }

  Result<void> End(const Run& run) {
    const Outcome& outcome = run.outcome;
    const bool reached = outcome.ending == Ending::kReached;
    const Joules cost = metric_.Cost(outcome.energy, outcome.time);
    ZEUS_RETURN_IF_ERROR(
        policies_.batch_size->Observe(batch_size_job_, {.batch_size = run.batch_size,
                                                        .cost = cost,
                                                        .reached = reached,
                                                        .epochs = outcome.epochs,
                                                        .epoch_cost = outcome.epoch_cost,
                                                        .ended_by_profile = outcome.ending == Ending::kAfterProfile}));
    if (outcome.ending != Ending::kDidNotRun) {
      result_.history.push_back({.recurrence = run.submission,
                                 .attempt = run.attempt,
                                 .batch_size = run.batch_size,
                                 .power_limit = outcome.power_limit,
                                 .energy = outcome.energy * run.runtime_ratio,
                                 .time = outcome.time * run.runtime_ratio,
                                 .reached = reached});
      result_.energy += result_.history.back().energy;
      result_.time += result_.history.back().time;
    }
    if (reached) {
      if (cost < min_cost_) {
        min_cost_ = cost;
        best_batch_size_ = run.batch_size;
      }
      return {};
    }
    if (run.attempt + 1 == RecurrenceLoop::kMaxTries) {
      return Fail(ErrorCode::kUnreachable,
                  fmt::format("submission {}: {} tries did not reach the target metric {} of {}", run.submission,
                              RecurrenceLoop::kMaxTries, trace_.job.target_metric, ToText(trace_.job.workload)));
    }
    Run retry = run;
    ++retry.attempt;
    retry.end = run.end + run.length;
    return Start(retry);
  }

  const JobTrace& trace_;
  const CostMetric metric_;
  const double beta_;
  const Policies policies_;

  TraceExecutor executor_;
  JobId batch_size_job_{};
  JobId power_limit_job_{};
  std::vector<Run> under_way_;  // In the order they were started, which breaks ties between equal ends.
  Joules min_cost_{std::numeric_limits<double>::infinity()};
  int64_t best_batch_size_;
  GroupResult result_;
};

}  // namespace

Result<GroupResult> SimulateGroup(const ClusterGroup& group, const JobTrace& trace, const SimulationOptions& options,
                                  const PolicyFactory& factory) {
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(options.eta, trace.max_power));
  SimulationOptions group_options = options;
  group_options.seed = Adler32(group.name);
  group_options.concurrency = Concurrency::kOn;
  ZEUS_ASSIGN_OR_RETURN(Policies policies,
                        factory.Make(options.policies, ToPolicyOptions(group_options), trace, metric));
  return SimulateGroup(group, trace, group_options, std::move(policies));
}

Result<GroupResult> SimulateGroup(const ClusterGroup& group, const JobTrace& trace, const SimulationOptions& options,
                                  Policies policies) {
  const auto name_error = [&](Error error) {
    return Fail(error.code, fmt::format("group {}: {}", group.name, error.message));
  };
  ZEUS_RETURN_IF_ERROR(ValidateBeta(options.beta));
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(options.eta, trace.max_power));
  GroupSimulation simulation(trace, metric, options.beta, std::move(policies), options.seed);
  if (Result<void> registered = simulation.Register(); !registered) return name_error(std::move(registered).error());
  if (Result<void> ran = simulation.RunAll(group.submissions); !ran) return name_error(std::move(ran).error());
  return simulation.TakeResult();
}

}  // namespace zeus
