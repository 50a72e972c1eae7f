#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include "bench/shared_traces.h"
#include "zeus/simulator/cluster.h"

// How many history entries of cluster groups are simulated in a second, on one core.
namespace zeus::bench {
namespace {

// Every group of the published file, on traces selected beforehand.
struct Cluster {
  std::vector<ClusterGroup> groups;
  std::map<std::string, JobTrace> traces;  // By data set.
};

Result<Cluster> LoadCluster(std::string_view gpu) {
  Cluster cluster;
  ZEUS_ASSIGN_OR_RETURN(TraceStore store, TraceStore::Open(SharedFolder() / "traces"));
  ZEUS_ASSIGN_OR_RETURN(cluster.groups, ReadClusterGroups(SharedFolder() / "golden" / "cluster_groups.csv"));
  ZEUS_ASSIGN_OR_RETURN(const JoinedTrace* const joined, store.ForGpu(gpu));
  for (const ClusterGroup& group : cluster.groups) {
    ZEUS_ASSIGN_OR_RETURN(const JobIdentity job, store.Workload(group.dataset, *joined));
    ZEUS_ASSIGN_OR_RETURN(JobTrace trace, joined->Select(job));
    cluster.traces.emplace(group.dataset, std::move(trace));
  }
  return cluster;
}

void BM_ClusterGroups(benchmark::State& state) {
  const Result<Cluster> cluster = LoadCluster("v100");
  if (!cluster) return Skip(state, cluster.error().message);
  int64_t entries = 0;
  for (auto _ : state) {
    for (const ClusterGroup& group : cluster->groups) {
      const Result<GroupResult> result = SimulateGroup(group, cluster->traces.at(group.dataset), {});
      if (!result) return Skip(state, result.error().message);
      entries += static_cast<int64_t>(result->history.size());
    }
  }
  state.SetItemsProcessed(entries);
}
BENCHMARK(BM_ClusterGroups);

// One group of many submissions, of which `overlapping` are under way at any time.
void BM_LongGroup(benchmark::State& state) {
  const Result<Cluster> cluster = LoadCluster("v100");
  if (!cluster) return Skip(state, cluster.error().message);
  const auto overlapping = static_cast<double>(state.range(0));
  ClusterGroup group{.name = "long", .dataset = "cifar100", .submissions = {}};
  for (int i = 0; i < 2000; ++i) {
    group.submissions.push_back({.start = Seconds(10.0 * i), .end = Seconds(10.0 * (i + overlapping) - 5)});
  }
  int64_t entries = 0;
  for (auto _ : state) {
    const Result<GroupResult> result = SimulateGroup(group, cluster->traces.at(group.dataset), {});
    if (!result) return Skip(state, result.error().message);
    entries += static_cast<int64_t>(result->history.size());
  }
  state.SetItemsProcessed(entries);
}
BENCHMARK(BM_LongGroup)->Arg(1)->Arg(4)->Arg(64)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace zeus::bench

BENCHMARK_MAIN();
