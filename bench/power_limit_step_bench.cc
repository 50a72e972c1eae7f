// What the power limit optimizer adds to a training step: when it is done, between two edges of a profile window, and
// at the edges themselves, beyond what the devices take: these GPUs do nothing at all. Its goals: under 1 us in a step,
// under 20 us at an edge.

#include <benchmark/benchmark.h>

#include <memory>
#include <optional>

#include "zeus/training/power_limit_optimizer.h"

namespace zeus {
namespace {

class IdleGpus final : public TrainingGpus {
 public:
  [[nodiscard]] size_t count() const override { return 1; }
  [[nodiscard]] const PowerLimitRange& power_limits() const override { return range_; }
  Result<void> SetPowerLimit(Watts) override { return {}; }
  Result<void> BeginWindow(std::string_view) override { return {}; }
  Result<TrainingFigures> EndWindow(std::string_view) override {
    return TrainingFigures{.energy = Joules(100), .time = Seconds(1)};
  }
  Result<void> CancelWindow(std::string_view) override { return {}; }

 private:
  // Wide, so that an optimizer is made anew only after thousands of windows.
  const PowerLimitRange range_{Watts(100), Watts(10100), Watts(250)};
};

/// An optimizer with 10,001 limits to profile, and a new one when it is through with them.
class EndlessProfiling {
 public:
  EndlessProfiling(int64_t warmup_steps, int64_t profile_steps)
      : options_{.wait_steps = 0, .warmup_steps = warmup_steps, .profile_steps = profile_steps, .step = Watts(1)} {}

  /// Null where there is none to be made.
  PowerLimitOptimizer* Get(benchmark::State& state) {
    if (optimizer_ != nullptr && !optimizer_->done()) [[likely]]
      return optimizer_.get();
    state.PauseTiming();
    Result<std::unique_ptr<PowerLimitOptimizer>> made =
        PowerLimitOptimizer::Create(gpus_, ProcessGroup::Alone(), options_);
    optimizer_ = made ? *std::move(made) : nullptr;
    state.ResumeTiming();
    return optimizer_.get();
  }

 private:
  IdleGpus gpus_;
  const PowerLimitOptimizerOptions options_;
  std::unique_ptr<PowerLimitOptimizer> optimizer_;
};

void Step(benchmark::State& state, EndlessProfiling& profiling) {
  PowerLimitOptimizer* const optimizer = profiling.Get(state);
  if (optimizer == nullptr || !optimizer->OnStepBegin()) return state.SkipWithError("the optimizer failed");
}

void BM_StepWhenDone(benchmark::State& state) {
  IdleGpus gpus;
  const auto optimizer = PowerLimitOptimizer::Create(gpus, ProcessGroup::Alone(), {.step = Watts(5000)});
  while (optimizer && !(*optimizer)->done()) benchmark::DoNotOptimize((*optimizer)->OnStepBegin());
  if (!optimizer) return state.SkipWithError(optimizer.error().message.c_str());
  for (auto _ : state) {
    benchmark::DoNotOptimize((*optimizer)->OnStepBegin());
    benchmark::ClobberMemory();  // Whether it is done is looked up each time.
  }
}
BENCHMARK(BM_StepWhenDone);

void BM_StepBetweenEdges(benchmark::State& state) {
  EndlessProfiling profiling(1'000'000, 1'000'000);
  for (auto _ : state) Step(state, profiling);
}
BENCHMARK(BM_StepBetweenEdges);

// Every step opens a window, or closes one and sets the next limit.
void BM_StepAtAnEdge(benchmark::State& state) {
  EndlessProfiling profiling(1, 1);
  for (auto _ : state) Step(state, profiling);
}
BENCHMARK(BM_StepAtAnEdge);

// Every step closes a window, sets the next limit and opens its window.
void BM_StepAtAllEdgesAtOnce(benchmark::State& state) {
  EndlessProfiling profiling(0, 1);
  for (auto _ : state) Step(state, profiling);
}
BENCHMARK(BM_StepAtAllEdgesAtOnce);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
