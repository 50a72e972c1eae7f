#include "zeus/trace/trace_summary.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "zeus/trace/loaded_traces.h"

namespace zeus {
namespace {

template <class Value>
std::vector<Value> ToVector(const std::set<Value>& values) {
  return {values.begin(), values.end()};
}

// Every workload of any file of the set, in the files' order.
std::vector<Workload> AllWorkloads(const TraceSet& set) {
  WorkloadNames names;
  const auto add = [&](const auto& files) {
    for (const auto& file : files) {
      for (const Workload& workload : file.content.workloads.all()) {
        names.Intern(workload.dataset, workload.network, workload.optimizer);
      }
    }
  };
  add(set.train);
  add(set.power);
  return names.all();
}

// The rows of one workload, or all rows where there is none.
TracedPowerSummary SummarizePower(const LoadedFile<PowerTrace>& file, const Workload* workload) {
  std::set<int64_t> batch_sizes;
  std::set<Watts> limits;
  TracedPowerSummary summary;
  summary.gpu = GpuName(file.path);
  for (const PowerRow& row : file.content.rows) {
    if (workload != nullptr && file.content.workloads[row.workload] != *workload) continue;
    batch_sizes.insert(row.batch_size);
    limits.insert(row.power_limit);
    ++summary.rows;
  }
  summary.batch_sizes = ToVector(batch_sizes);
  summary.power_limits = ToVector(limits);
  return summary;
}

void SummarizeTraining(const std::vector<LoadedFile<TrainTrace>>& files, WorkloadSummary* summary) {
  struct AtBatchSize {
    std::set<double> learning_rates;
    std::set<std::pair<double, int64_t>> runs;  // A run's number counts within its learning rate.
  };
  std::map<int64_t, AtBatchSize> batch_sizes;
  std::map<double, TargetSummary> targets;
  for (const LoadedFile<TrainTrace>& file : files) {
    for (const TrainRow& row : file.content.rows) {
      if (file.content.workloads[row.workload] != summary->workload) continue;
      AtBatchSize& at = batch_sizes[row.batch_size];
      at.learning_rates.insert(row.learning_rate);
      at.runs.emplace(row.learning_rate, row.run);
      TargetSummary& target = targets[row.target_metric];
      target.target_metric = row.target_metric;
      ++target.runs;
      target.reached += row.target_epoch.has_value() ? 1 : 0;
    }
  }
  for (const auto& [batch_size, at] : batch_sizes) {
    summary->batch_sizes.push_back(
        {.batch_size = batch_size, .learning_rates = ToVector(at.learning_rates), .runs = at.runs.size()});
  }
  for (const auto& [metric, target] : targets) summary->targets.push_back(target);
}

GroupsSummary SummarizeGroups(const LoadedFile<std::vector<ClusterGroup>>& file) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  GroupsSummary summary = {.file = file.path,
                           .datasets = {},
                           .groups = file.content.size(),
                           .submissions = 0,
                           .first_start = Seconds(kInfinity),
                           .last_end = Seconds(-kInfinity)};
  std::set<std::string> datasets;
  size_t overlapping = 0;
  for (const ClusterGroup& group : file.content) {
    datasets.insert(group.dataset);
    Seconds busy_until(-kInfinity);
    for (const Submission& submission : group.submissions) {
      overlapping += submission.start < busy_until ? 1 : 0;
      busy_until = std::max(busy_until, submission.end);
      summary.first_start = std::min(summary.first_start, submission.start);
    }
    summary.submissions += group.submissions.size();
    summary.last_end = std::max(summary.last_end, busy_until);
  }
  summary.datasets = ToVector(datasets);
  summary.overlapping = static_cast<double>(overlapping) / static_cast<double>(summary.submissions);
  return summary;
}

TraceSummary Summarize(const TraceSet& set) {
  TraceSummary summary;
  summary.folder = set.folder;
  for (const auto& file : set.power) summary.gpus.push_back(SummarizePower(file, nullptr));
  for (const Workload& workload : AllWorkloads(set)) {
    WorkloadSummary& of_workload = summary.workloads.emplace_back();
    of_workload.workload = workload;
    SummarizeTraining(set.train, &of_workload);
    for (const auto& file : set.power) {
      TracedPowerSummary power = SummarizePower(file, &workload);
      if (power.rows > 0) of_workload.gpus.push_back(std::move(power));
    }
  }
  for (const auto& file : set.groups) summary.groups.push_back(SummarizeGroups(file));
  for (const auto& file : set.workload_lists) {
    summary.jobs.insert(summary.jobs.end(), file.content.begin(), file.content.end());
  }
  return summary;
}

}  // namespace

Result<std::vector<TraceSummary>> SummarizeTraces(std::span<const std::filesystem::path> paths) {
  const LoadedTraces loaded = LoadTraces(paths);
  ZEUS_RETURN_IF_ERROR(ToResult(loaded.problems));
  std::vector<TraceSummary> summaries;
  for (const TraceSet& set : loaded.sets) summaries.push_back(Summarize(set));
  return summaries;
}

}  // namespace zeus
