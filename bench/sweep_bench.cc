// How sweeps scale with cores: the same sweep on 1 and 2 threads (and all), and the ratio.

#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

#include "tests/support/files.h"
#include "zeus/base/parallel.h"
#include "zeus/simulator/sweep.h"
#include "zeus/simulator/trace_store.h"

namespace zeus {
namespace {

struct SweepData {
  std::vector<JobTrace> traces;
  std::vector<SweepCase> cases;
};

// Every workload of every GPU with eta 0.5 and beta 2.
Result<SweepData> Load() {
  ZEUS_ASSIGN_OR_RETURN(TraceStore store, TraceStore::Open(testing::SharedFolder() / "traces"));
  SweepData data;
  std::vector<std::string> gpus;
  for (const std::string& gpu : store.gpus()) {
    ZEUS_ASSIGN_OR_RETURN(const JoinedTrace* const joined, store.ForGpu(gpu));
    for (const JobIdentity& job : store.WorkloadsOf(*joined)) {
      ZEUS_ASSIGN_OR_RETURN(JobTrace trace, joined->Select(job));
      data.traces.push_back(std::move(trace));
      gpus.push_back(gpu);
    }
  }
  for (size_t i = 0; i < data.traces.size(); ++i) data.cases.push_back({gpus[i], &data.traces[i], {}});
  return data;
}

double RunSeconds(const SweepData& data, unsigned threads) {
  SweepOptions options{.seeds = {}, .recurrences = {}, .threads = threads};
  for (uint64_t seed = 1; seed <= 400; ++seed) options.seeds.push_back(seed);
  const auto start = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(RunSweep(data.cases, options, PolicyFactory()));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// One and two threads in turn, so that a machine whose speed drifts disturbs both alike.
void BM_SweepScaling(benchmark::State& state) {
  const Result<SweepData> data = Load();
  if (!data) return state.SkipWithError(data.error().message.c_str());
  if (DefaultThreadCount() < 2) return state.SkipWithError("needs two cores");
  double one = 0;
  double two = 0;
  for (auto _ : state) {
    one += RunSeconds(*data, 1);
    two += RunSeconds(*data, 2);
  }
  const double runs = static_cast<double>(state.iterations()) * static_cast<double>(data->cases.size()) * 400;
  state.counters["runs_per_s_1_thread"] = runs / one;
  state.counters["runs_per_s_2_threads"] = runs / two;
  state.counters["ratio_2_to_1"] = one / two;
}
BENCHMARK(BM_SweepScaling)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
