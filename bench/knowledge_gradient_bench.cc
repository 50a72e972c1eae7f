// What a decision of the knowledge-gradient policy takes with 15 batch sizes and 200 past runs.

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "zeus/base/numpy_generator.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/job_beliefs.h"

namespace zeus {
namespace {

/// `factor`: of the epochs, from the 100th run on.
knowledge_gradient::JobBeliefs AfterRuns(int runs, double factor = 1) {
  std::vector<int64_t> sizes;
  for (int64_t size = 1; sizes.size() < 15; size *= 2) sizes.push_back(size);
  knowledge_gradient::JobBeliefs beliefs(sizes, 64, 100, 2);
  NumpyGenerator noise(1);
  for (int i = 0; i < runs; ++i) {
    const size_t size = beliefs.Decide().size;
    const double b = std::exp2(static_cast<double>(size));
    const double scale = 20 * (i < 100 ? 1 : factor);
    const double epochs = std::round(scale * (1 + b / 512 + 4 / b) * std::exp(0.08 * noise.StandardNormal()));
    const double epoch_cost = 1000 * (1 + 32 / b);
    beliefs.Observe(
        {.size = size, .cost = epochs * epoch_cost, .reached = true, .epochs = epochs, .epoch_cost = epoch_cost});
  }
  return beliefs;
}

void BM_Decide(benchmark::State& state) {
  const knowledge_gradient::JobBeliefs beliefs = AfterRuns(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(beliefs.Decide());
}
BENCHMARK(BM_Decide)->Arg(1)->Arg(10)->Arg(200)->Unit(benchmark::kMicrosecond);

/// The epochs fell by a percentage, or not at all.
void BM_Observe(benchmark::State& state) {
  const knowledge_gradient::JobBeliefs beliefs = AfterRuns(200, 1 - static_cast<double>(state.range(0)) / 100);
  for (auto _ : state) {
    state.PauseTiming();
    knowledge_gradient::JobBeliefs copy = beliefs;
    const knowledge_gradient::Run run = copy.runs().back();
    state.ResumeTiming();
    copy.Observe(run);
  }
}
BENCHMARK(BM_Observe)->Arg(0)->Arg(50)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
