// What sampling the power of eight emulated GPUs costs and how well it keeps its times: the share of one core beyond
// NVML's own calls, lateness, lost rounds, growth of memory. ZEUS_BENCH_SECONDS says for how long each rate runs (5).
//
// NVML's own share is measured by a bare loop of the same calls at the same rate, so that they find the caches as cold
// as the sampler does; waking up is not part of it. What that bare loop takes as a whole, waking up included, is the
// least that any sampler can.
//
// On a virtual machine most of "beyond" is that: a core that had nothing to do was halted, and its host takes tens of
// microseconds of it to come back. So each rate runs twice: on cores that may halt, and beside a process of the lowest
// priority on each core, as beside a training job, whose loader keeps them awake.

#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/awake_cores.h"
#include "zeus/base/number_text.h"
#include "zeus/device/nvml/nvml_gpu.h"
#include "zeus/monitor/power_sampler.h"

namespace zeus {
namespace {

constexpr int kGpus = 8;

double SecondsToRun() {
  const char* const text = std::getenv("ZEUS_BENCH_SECONDS");
  return text != nullptr ? ParseDouble(text).value_or(5) : 5;
}

double ProcessorSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ThreadSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double ResidentKibibytes() {
  long pages = 0;
  long resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / 1024;
}

struct EmulatedGpus {
  std::unique_ptr<nvml::Library> library;
  std::vector<nvml::Device> devices;
  std::vector<std::unique_ptr<Gpu>> owners;
  std::vector<Gpu*> gpus;
};

EmulatedGpus OpenEmulated() {
  const std::string state = "/dev/shm/zeus-bench." + std::to_string(::getpid());
  ::setenv("ZEUS_EMULATOR_STATE", state.c_str(), 1);
  ::setenv("ZEUS_EMULATOR_GPUS", ("v100x" + std::to_string(kGpus)).c_str(), 1);
  EmulatedGpus emulated;
  Result<std::unique_ptr<nvml::Library>> library = nvml::Library::Open(ZEUS_EMULATOR_LIBRARY);
  if (!library) return emulated;
  emulated.library = *std::move(library);
  for (int i = 0; i < kGpus; ++i) {
    Result<nvml::Probe> probe = nvml::ProbeGpu(*emulated.library, i);
    if (!probe) return emulated;
    emulated.devices.push_back(probe->device);
    emulated.owners.push_back(std::make_unique<nvml::NvmlGpu>(*emulated.library, Clock::System(), *std::move(probe)));
    emulated.gpus.push_back(emulated.owners.back().get());
  }
  return emulated;
}

/// Processor seconds of one round.
struct BareRound {
  double nvml = 0;   ///< Of NVML's calls.
  double whole = 0;  ///< With sleeping and waking up.
};

/// Makes NVML's calls alone, at this rate.
BareRound MeasureBareLoop(const EmulatedGpus& emulated, double period, double seconds) {
  double spent = 0;
  double clock_itself = 0;
  int rounds = 0;
  const double processor = ProcessorSeconds();
  const auto begin = std::chrono::steady_clock::now();
  for (; rounds * period < seconds; ++rounds) {
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                              std::chrono::duration<double>(rounds * period)));
    const double before = ThreadSeconds();
    for (const nvml::Device device : emulated.devices) {
      nvml::FieldValue value{.field = nvml::kFieldPowerInstant, .scope = nvml::kScopeGpu};
      benchmark::DoNotOptimize(emulated.library->functions().field_values(device, 1, &value));
      benchmark::DoNotOptimize(value);
    }
    const double after = ThreadSeconds();
    spent += after - before;
    clock_itself += ThreadSeconds() - after;
  }
  return {(spent - clock_itself) / rounds, (ProcessorSeconds() - processor) / rounds};
}

void BM_SampleEightGpus(benchmark::State& state) {
  const double period = 1.0 / static_cast<double>(state.range(0));
  const double seconds = SecondsToRun();
  const EmulatedGpus emulated = OpenEmulated();
  if (emulated.gpus.size() != kGpus) return state.SkipWithError("the emulated GPUs cannot be opened");
  for (auto _ : state) {
    const AwakeCores cores(state.range(1) != 0);
    const BareRound bare = MeasureBareLoop(emulated, period, std::min(seconds, 5.0));
    auto sampler = PowerSampler::Create(emulated.gpus, {.period = Seconds(period)});
    if (!sampler) return state.SkipWithError(sampler.error().message.c_str());
    std::this_thread::sleep_for(std::chrono::duration<double>(0.2));
    const double memory = ResidentKibibytes();
    const SamplingStatistics first = (*sampler)->statistics();
    const double processor = ProcessorSeconds();
    const auto begin = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
    const double used = ProcessorSeconds() - processor;
    const SamplingStatistics statistics = (*sampler)->statistics();
    const auto rounds = static_cast<double>(statistics.rounds - first.rounds);
    state.counters["core_%"] = used / passed.count() * 100;
    state.counters["nvml_%"] = bare.nvml * rounds / passed.count() * 100;
    state.counters["bare_loop_%"] = bare.whole * rounds / passed.count() * 100;
    state.counters["beyond_%"] = (used - bare.nvml * rounds) / passed.count() * 100;
    state.counters["late_p99_us"] = statistics.p99_lateness.value() * 1e6;
    state.counters["late_max_us"] = statistics.max_lateness.value() * 1e6;
    state.counters["lost"] = static_cast<double>(statistics.lost_rounds);
    state.counters["rounds"] = rounds;
    state.counters["grew_KiB"] = ResidentKibibytes() - memory;
    state.counters["cap_MiB"] =
        static_cast<double>(kGpus * PowerSamplerOptions().max_runs * sizeof(PowerRun)) / (1 << 20);
  }
}

BENCHMARK(BM_SampleEightGpus)
    ->ArgNames({"Hz", "awake"})
    ->ArgsProduct({{100, 1000}, {0, 1}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
