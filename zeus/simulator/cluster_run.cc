#include "zeus/simulator/cluster_run.h"

#include <fmt/format.h>

#include <map>

#include "zeus/base/parallel.h"

namespace zeus {
namespace {

std::vector<DatasetTotals> AddUp(const std::vector<ClusterGroupRun>& runs) {
  std::map<std::string, DatasetTotals> by_dataset;
  for (const ClusterGroupRun& run : runs) {
    DatasetTotals& totals = by_dataset[run.group->dataset];
    totals.dataset = run.group->dataset;
    ++totals.groups;
    if (!run.result || !run.with_default) {
      ++totals.failed;
      continue;
    }
    totals.submissions += run.group->submissions.size();
    totals.energy += run.result->energy;
    totals.time += run.result->time;
    totals.default_energy += run.with_default->energy;
    totals.default_time += run.with_default->time;
  }
  std::vector<DatasetTotals> all;
  for (auto& [name, totals] : by_dataset) all.push_back(std::move(totals));
  return all;
}

}  // namespace

Result<ClusterRun> SimulateCluster(const std::vector<ClusterGroup>& groups, const TraceStore& store,
                                   const JoinedTrace& trace, const SimulationOptions& options,
                                   const PolicyFactory& factory, unsigned threads,
                                   const std::function<void()>& on_progress) {
  std::map<std::string, JobTrace, std::less<>> traces;
  for (const ClusterGroup& group : groups) {
    if (traces.contains(group.dataset)) continue;
    Result<JobIdentity> job = store.Workload(group.dataset, trace);
    if (!job) return Fail(job.error().code, fmt::format("group {}: {}", group.name, job.error().message));
    ZEUS_ASSIGN_OR_RETURN(JobTrace job_trace, trace.Select(*job));
    traces.emplace(group.dataset, std::move(job_trace));
  }
  SimulationOptions default_options = options;
  default_options.policies = {.batch_size = "default", .power_limit = "max"};
  ClusterRun run;
  for (const ClusterGroup& group : groups) {
    run.groups.push_back({.group = &group, .result = GroupResult{}, .with_default = GroupResult{}});
  }
  ParallelFor(groups.size(), threads, [&](size_t i) {
    const JobTrace& job_trace = traces.find(groups[i].dataset)->second;
    run.groups[i].result = SimulateGroup(groups[i], job_trace, options, factory);
    run.groups[i].with_default = SimulateGroup(groups[i], job_trace, default_options, PolicyFactory());
    if (on_progress) on_progress();
  });
  run.totals = AddUp(run.groups);
  return run;
}

}  // namespace zeus
