#include "zeus/simulator/joined_trace.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace zeus {

Result<JoinedTrace> JoinedTrace::Create(TrainTrace train, const PowerTrace& power) {
  JoinedTrace joined(std::move(train));
  const std::vector<Workload>& all = joined.train_.workloads.all();
  std::vector<std::vector<int64_t>> trained(all.size());
  for (const TrainRow& row : joined.train_.rows) trained[row.workload].push_back(row.batch_size);
  for (std::vector<int64_t>& batch_sizes : trained) {
    std::ranges::sort(batch_sizes);
    const auto rest = std::ranges::unique(batch_sizes);
    batch_sizes.erase(rest.begin(), rest.end());
  }
  joined.configurations_.resize(all.size());
  for (const PowerRow& row : power.rows) {
    const std::optional<uint32_t> workload = joined.train_.workloads.Find(power.workloads[row.workload]);
    if (!workload || !std::ranges::binary_search(trained[*workload], row.batch_size)) continue;
    std::vector<Configuration>& configurations = joined.configurations_[*workload];
    auto found = std::ranges::lower_bound(configurations, row.batch_size, {}, &Configuration::batch_size);
    if (found == configurations.end() || found->batch_size != row.batch_size) {
      found = configurations.insert(found, {.batch_size = row.batch_size, .limits = {}});
    }
    found->limits.push_back(row);
    joined.max_power_ = std::max(joined.max_power_, row.power_limit);
  }
  for (uint32_t i = 0; i < all.size(); ++i) {
    if (!joined.configurations_[i].empty()) joined.workloads_.push_back(all[i]);
  }
  if (joined.workloads_.empty()) {
    return Fail(ErrorCode::kInvalidData,
                "no (dataset, network, batch size, optimizer) of the power trace stands in the train trace");
  }
  return joined;
}

Result<uint32_t> JoinedTrace::FindWorkload(const Workload& workload) const {
  const std::optional<uint32_t> found = train_.workloads.Find(workload);
  if (found && !configurations_[*found].empty()) return *found;
  std::vector<std::string> names;
  for (const Workload& known : workloads_) names.push_back(ToText(known));
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the traces hold no workload {}; they hold: {}", ToText(workload), fmt::join(names, ", ")));
}

const JoinedTrace::Configuration* JoinedTrace::FindConfiguration(uint32_t workload, int64_t batch_size) const {
  const std::vector<Configuration>& configurations = configurations_[workload];
  const auto found = std::ranges::lower_bound(configurations, batch_size, {}, &Configuration::batch_size);
  return found != configurations.end() && found->batch_size == batch_size ? &*found : nullptr;
}

Result<std::vector<int64_t>> JoinedTrace::BatchSizes(const Workload& workload) const {
  ZEUS_ASSIGN_OR_RETURN(const uint32_t index, FindWorkload(workload));
  std::vector<int64_t> batch_sizes;
  for (const Configuration& configuration : configurations_[index]) batch_sizes.push_back(configuration.batch_size);
  return batch_sizes;
}

Result<std::vector<double>> JoinedTrace::TargetMetrics(const Workload& workload) const {
  ZEUS_ASSIGN_OR_RETURN(const uint32_t index, FindWorkload(workload));
  std::set<double> targets;
  for (const TrainRow& row : train_.rows) {
    if (row.workload == index && FindConfiguration(index, row.batch_size) != nullptr) targets.insert(row.target_metric);
  }
  return std::vector<double>(targets.begin(), targets.end());
}

Result<JobTrace> JoinedTrace::Select(const JobIdentity& job) const {
  ZEUS_RETURN_IF_ERROR(Validate(job));
  ZEUS_ASSIGN_OR_RETURN(const uint32_t workload, FindWorkload(job.workload));
  std::vector<BatchSizeChoice> choices;
  for (const Configuration& configuration : configurations_[workload]) {
    BatchSizeChoice& choice = choices.emplace_back();
    choice.batch_size = configuration.batch_size;
    for (const PowerRow& row : configuration.limits) choice.power_limits.push_back(row.power_limit);
  }
  ZEUS_ASSIGN_OR_RETURN(KnobSpace space, KnobSpace::Create(std::move(choices)));
  JobTrace trace{.job = job, .max_power = max_power_, .batch_sizes = {}, .space = std::move(space)};
  for (const TrainRow& row : train_.rows) {
    if (row.workload != workload || row.target_metric != job.target_metric) continue;
    const Configuration* configuration = FindConfiguration(workload, row.batch_size);
    if (configuration == nullptr) continue;
    auto found = std::ranges::lower_bound(trace.batch_sizes, row.batch_size, {}, &RecordedBatchSize::batch_size);
    if (found == trace.batch_sizes.end() || found->batch_size != row.batch_size) {
      found = trace.batch_sizes.insert(found, {.batch_size = row.batch_size, .limits = {}, .target_epochs = {}});
      for (const PowerRow& limit : configuration->limits) {
        found->limits.push_back({limit.power_limit, limit.time_per_epoch, limit.average_power});
      }
      std::ranges::sort(found->limits, {}, &RecordedLimit::power_limit);
    }
    found->target_epochs.push_back(row.target_epoch);
  }
  if (trace.batch_sizes.empty()) {
    ZEUS_ASSIGN_OR_RETURN(const std::vector<double> targets, TargetMetrics(job.workload));
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the traces hold no target metric {} of {}; they hold: {}", job.target_metric,
                            ToText(job.workload), fmt::join(targets, ", ")));
  }
  if (trace.Find(job.default_batch_size) == nullptr && FindConfiguration(workload, job.default_batch_size) != nullptr) {
    std::vector<int64_t> recorded;
    for (const RecordedBatchSize& each : trace.batch_sizes) recorded.push_back(each.batch_size);
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the traces hold no run of {} to target metric {} at batch size {}; they hold one at: {}",
                    ToText(job.workload), job.target_metric, job.default_batch_size, fmt::join(recorded, ", ")));
  }
  if (trace.Find(job.default_batch_size) == nullptr) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the traces hold no batch size {} of {}; they hold: {}", job.default_batch_size,
                            ToText(job.workload), fmt::join(trace.space.batch_sizes(), ", ")));
  }
  return trace;
}

}  // namespace zeus
