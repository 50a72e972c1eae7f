#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "zeus/base/numpy_generator.h"

// Draws a second from the NumPy-compatible generator.
namespace zeus {
namespace {

void BM_Seed(benchmark::State& state) {
  uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(NumpyGenerator(++seed));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Seed);

void BM_Uint64(benchmark::State& state) {
  NumpyGenerator random(1);
  for (auto _ : state) benchmark::DoNotOptimize(random.NextUint64());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Uint64);

void BM_Normal(benchmark::State& state) {
  NumpyGenerator random(1);
  for (auto _ : state) benchmark::DoNotOptimize(random.Normal(-1000, 20));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Normal);

void BM_BoundedInteger(benchmark::State& state) {
  NumpyGenerator random(1);
  const auto max = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(random.Bounded(max));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_BoundedInteger)->Arg(3)->Arg(1000)->Arg(int64_t{1} << 40);

void BM_Permutation(benchmark::State& state) {
  NumpyGenerator random(1);
  std::vector<uint64_t> permutation(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    random.ChooseWithoutReplacement(permutation.size(), permutation);
    benchmark::DoNotOptimize(permutation.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Permutation)->Arg(2)->Arg(6)->Arg(10)->Arg(100)->Arg(10000);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
