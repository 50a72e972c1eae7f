#include <benchmark/benchmark.h>

#include <array>
#include <limits>

#include "bench/shared_traces.h"
#include "zeus/optimizer/batch_size/gaussian_thompson_sampling.h"
#include "zeus/simulator/known_workloads.h"
#include "zeus/simulator/single_job.h"

// How many recurrences of a single job are simulated in a second, and where the time goes.
namespace zeus::bench {
namespace {

// A whole simulation at the paper's horizon, as a sweep runs it thousands of times: making it is part of the time.
void BM_SingleJob(benchmark::State& state, const std::string& dataset) {
  const std::optional<JobTrace> trace = LoadJob(state, "v100", dataset);
  if (!trace) return;
  SimulationOptions options;
  int64_t recurrences = 0;
  for (auto _ : state) {
    ++options.seed;
    Result<SingleJobSimulation> simulation = SingleJobSimulation::Create(*trace, options);
    // A seed whose retries never reach the target ends early; the recurrences done still count.
    if (!simulation) return Skip(state, simulation.error().message);
    benchmark::DoNotOptimize(simulation->RunUntil(trace->DefaultRecurrences()));
    recurrences += simulation->recurrences_done();
  }
  state.SetItemsProcessed(recurrences);
}

// One long simulation: what a recurrence costs once exploration is over and arms have many rewards.
void BM_LongSingleJob(benchmark::State& state) {
  const std::optional<JobTrace> trace = LoadJob(state, "v100", "cifar100");
  if (!trace) return;
  for (auto _ : state) {
    Result<SingleJobSimulation> simulation = SingleJobSimulation::Create(*trace, {});
    if (Result<void> ran = simulation->RunUntil(state.range(0)); !ran) return Skip(state, ran.error().message);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_LongSingleJob)->Arg(1000)->Arg(10000)->Arg(100000)->Unit(benchmark::kMillisecond);

// A bandit of as many arms, each with `rewards` rewards of its own.
GaussianThompsonSampling MakeBandit(int64_t arms, int64_t rewards) {
  NumpyGenerator random(1);
  std::vector<GaussianThompsonSampling::Arm> all;
  for (int64_t arm = 0; arm < arms; ++arm) {
    all.push_back({8 << arm, ArmRewards(0)});
    for (int64_t i = 0; i < rewards; ++i) all.back().rewards.Add(random.Normal(-50000, 1000));
  }
  return GaussianThompsonSampling(std::move(all), {}, NumpyGenerator(2));
}

void BM_BanditPredict(benchmark::State& state) {
  GaussianThompsonSampling bandit = MakeBandit(state.range(0), 10);
  for (auto _ : state) benchmark::DoNotOptimize(bandit.Predict());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_BanditPredict)->Arg(2)->Arg(6)->Arg(10);

// Adding a reward to an arm that has some and fitting it anew; the window keeps their number.
void BM_BanditRefit(benchmark::State& state) {
  const auto rewards = static_cast<size_t>(state.range(0));
  std::vector<GaussianThompsonSampling::Arm> arms;
  for (const int64_t batch_size : {8, 16, 32, 64, 128, 256}) arms.push_back({batch_size, ArmRewards(rewards)});
  GaussianThompsonSampling bandit(std::move(arms), {}, NumpyGenerator(2));
  NumpyGenerator random(1);
  for (size_t i = 0; i < rewards; ++i) bandit.Observe(8, random.Normal(-50000, 1000));
  double reward = -50000;
  for (auto _ : state) benchmark::DoNotOptimize(bandit.Observe(8, reward -= 1));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_BanditRefit)->Arg(2)->Arg(20)->Arg(100)->Arg(1000);

void BM_TraceDraw(benchmark::State& state) {
  const std::optional<JobTrace> trace = LoadJob(state, "v100", "cifar100");
  if (!trace) return;
  TraceExecutor executor(*trace, *CostMetric::Create(0.5, trace->max_power), NumpyGenerator(1));
  const TryRequest request{
      .batch_size = trace->job.default_batch_size, .power_limit = trace->max_power, .cost_upper_bound = Joules(150000)};
  const ChoosePowerLimit never = [](std::span<const PowerLimitCost>) -> Result<Watts> { return Watts(0); };
  for (auto _ : state) benchmark::DoNotOptimize(executor.Execute(request, never));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_TraceDraw);

// Making a simulation and throwing it away: policies, executor, generators.
void BM_MakeSimulation(benchmark::State& state) {
  const std::optional<JobTrace> trace = LoadJob(state, "v100", "cifar100");
  if (!trace) return;
  for (auto _ : state) benchmark::DoNotOptimize(SingleJobSimulation::Create(*trace, {}));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MakeSimulation);

}  // namespace
}  // namespace zeus::bench

int main(int argc, char** argv) {
  for (const zeus::JobIdentity& job : zeus::KnownWorkloads()) {
    const std::string& dataset = job.workload.dataset;
    benchmark::RegisterBenchmark(("BM_SingleJob/" + dataset).c_str(), zeus::bench::BM_SingleJob, dataset);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
