#include "zeus/simulator/trace_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zeus {
namespace {

// Python's float floor division, whose result is that of exact division where a rounded quotient may not be.
double FloorDivide(double dividend, double divisor) {
  const double remainder = std::fmod(dividend, divisor);
  const double quotient = (dividend - remainder) / divisor;
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

}  // namespace

TraceExecutor::TraceExecutor(const JobTrace& trace, const CostMetric& metric, const NumpyGenerator& generator)
    : trace_(trace), metric_(metric), generator_(generator) {
  batch_sizes_.reserve(trace.batch_sizes.size());
  for (const RecordedBatchSize& recorded : trace.batch_sizes) {
    BatchSize& batch_size = batch_sizes_.emplace_back();
    batch_size.batch_size = recorded.batch_size;
    batch_size.target_epochs = &recorded.target_epochs;
    const Watts largest = recorded.limits.back().power_limit;
    for (const RecordedLimit& limit : recorded.limits) {
      batch_size.limits.push_back(
          {.power_limit = limit.power_limit,
           .time_per_epoch = limit.time_per_epoch,
           .energy_per_epoch = limit.energy_per_epoch(),
           .bounding_epoch_cost =
               (metric.eta() * limit.average_power + (1 - metric.eta()) * largest) * limit.time_per_epoch});
      batch_size.mean_time_per_epoch += limit.time_per_epoch;
      batch_size.mean_energy_per_epoch += limit.energy_per_epoch();
    }
    const auto count = static_cast<double>(recorded.limits.size());
    batch_size.mean_time_per_epoch = batch_size.mean_time_per_epoch / count;
    batch_size.mean_energy_per_epoch = batch_size.mean_energy_per_epoch / count;
  }
}

Result<const TraceExecutor::BatchSize*> TraceExecutor::Find(int64_t batch_size) const {
  const auto found = std::ranges::lower_bound(batch_sizes_, batch_size, {}, &BatchSize::batch_size);
  if (found != batch_sizes_.end() && found->batch_size == batch_size) return &*found;
  return Fail(ErrorCode::kNotFound, fmt::format("the trace has no run of {} at batch size {} for target metric {}",
                                                ToText(trace_.job.workload), batch_size, trace_.job.target_metric));
}

std::vector<PowerLimitCost> TraceExecutor::ProfileOf(const BatchSize& batch_size) const {
  std::vector<PowerLimitCost> profile;
  profile.reserve(batch_size.limits.size());
  for (auto limit = batch_size.limits.rbegin(); limit != batch_size.limits.rend(); ++limit) {
    profile.push_back({limit->power_limit, metric_.Cost(limit->energy_per_epoch, limit->time_per_epoch)});
  }
  return profile;
}

Result<std::vector<PowerLimitCost>> TraceExecutor::Profile(int64_t batch_size) const {
  ZEUS_ASSIGN_OR_RETURN(const BatchSize* const found, Find(batch_size));
  return ProfileOf(*found);
}

void TraceExecutor::AddExpectedCost(const TryRequest& request, const BatchSize& batch_size, double bound,
                                    Joules first_epoch, Joules epoch) {
  double epochs = 0;
  for (const std::optional<int64_t>& target_epoch : *batch_size.target_epochs) {
    epochs += target_epoch ? std::min(static_cast<double>(*target_epoch), bound) : bound;
  }
  epochs /= static_cast<double>(batch_size.target_epochs->size());
  const auto recurrence = static_cast<size_t>(request.recurrence);
  if (expected_costs_.size() <= recurrence) expected_costs_.resize(recurrence + 1);
  expected_costs_[recurrence] += first_epoch + (epochs - 1) * epoch;
}

Result<Outcome> TraceExecutor::Execute(const TryRequest& request, const ChoosePowerLimit& choose) {
  ZEUS_ASSIGN_OR_RETURN(const BatchSize* const batch_size, Find(request.batch_size));
  Watts power_limit;
  if (request.power_limit) {
    power_limit = *request.power_limit;
  } else {
    ZEUS_ASSIGN_OR_RETURN(power_limit, choose(ProfileOf(*batch_size)));
  }
  const auto limit = std::ranges::lower_bound(batch_size->limits, power_limit, {}, &Limit::power_limit);
  if (limit == batch_size->limits.end() || limit->power_limit != power_limit) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("the trace has no power limit {} W at batch size {}",
                                                         power_limit.value(), request.batch_size));
  }
  const std::optional<int64_t> target_epoch =
      (*batch_size->target_epochs)[generator_.Bounded(batch_size->target_epochs->size() - 1)];
  const auto max_epochs = static_cast<double>(trace_.job.max_epochs);
  double bound = max_epochs;
  if (!std::isinf(request.cost_upper_bound.value())) {
    bound = std::min(FloorDivide(request.cost_upper_bound.value(), limit->bounding_epoch_cost.value()), max_epochs);
  }
  Outcome outcome{.ending = Ending::kDidNotRun,
                  .power_limit = power_limit,
                  .energy = {},
                  .time = {},
                  .epochs = 0,
                  .epoch_cost = metric_.Cost(limit->energy_per_epoch, limit->time_per_epoch)};
  if (bound <= 0) return outcome;
  const bool reached = target_epoch && static_cast<double>(*target_epoch) <= bound;
  double epochs = reached ? static_cast<double>(*target_epoch) : bound;
  outcome.ending = reached ? Ending::kReached : Ending::kNotReached;
  const bool stops =
      !request.power_limit && request.epoch_cost_limit && *outcome.epoch_cost > *request.epoch_cost_limit;
  if (stops && epochs > 1) {
    outcome.ending = Ending::kAfterProfile;
    epochs = 1;
  }
  outcome.epochs = static_cast<int64_t>(epochs);
  const Joules first_epoch = metric_.Cost(batch_size->mean_energy_per_epoch, batch_size->mean_time_per_epoch);
  AddExpectedCost(request, *batch_size, stops ? 1 : bound, request.power_limit ? *outcome.epoch_cost : first_epoch,
                  *outcome.epoch_cost);
  if (!request.power_limit) {
    // Profiling runs the first epoch at every limit in turn.
    outcome.energy = batch_size->mean_energy_per_epoch;
    outcome.time = batch_size->mean_time_per_epoch;
    epochs -= 1;
  }
  outcome.energy += epochs * limit->energy_per_epoch;
  outcome.time += epochs * limit->time_per_epoch;
  return outcome;
}

}  // namespace zeus
