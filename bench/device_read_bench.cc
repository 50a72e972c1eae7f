// What a read through the device library costs beyond the NVML call under it: the virtual call, the conversion to our
// units, the mapping of errors, the time stamp. Both are timed in turn on one emulated GPU; the difference is printed.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "zeus/device/nvml/nvml_gpu.h"

namespace zeus {
namespace {

constexpr int kReads = 20000;

std::unique_ptr<nvml::Library> OpenEmulated() {
  const std::string state = "/dev/shm/zeus-bench." + std::to_string(::getpid());
  ::setenv("ZEUS_EMULATOR_STATE", state.c_str(), 1);
  ::setenv("ZEUS_EMULATOR_GPUS", "h100", 1);
  Result<std::unique_ptr<nvml::Library>> library = nvml::Library::Open(ZEUS_EMULATOR_LIBRARY);
  return library ? *std::move(library) : nullptr;
}

template <class Read>
double NanosecondsPerRead(Read read) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kReads; ++i) read();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / kReads;
}

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

template <class Direct, class Ours>
void Compare(benchmark::State& state, Direct direct, Ours ours) {
  std::vector<double> direct_ns;
  std::vector<double> ours_ns;
  for (auto _ : state) {
    direct_ns.push_back(NanosecondsPerRead(direct));
    ours_ns.push_back(NanosecondsPerRead(ours));
  }
  state.counters["nvml_ns"] = Median(direct_ns);
  state.counters["zeus_ns"] = Median(ours_ns);
  state.counters["beyond_ns"] = Median(ours_ns) - Median(direct_ns);
}

void BM_PowerRead(benchmark::State& state) {
  const std::unique_ptr<nvml::Library> library = OpenEmulated();
  if (library == nullptr) return state.SkipWithError("the emulator's library cannot be opened");
  Result<nvml::Probe> probe = nvml::ProbeGpu(*library, 0);
  if (!probe) return state.SkipWithError(probe.error().message.c_str());
  const nvml::Device device = probe->device;
  nvml::NvmlGpu gpu(*library, Clock::System(), *std::move(probe));
  Gpu& interface = gpu;
  Compare(
      state,
      [&] {
        nvml::FieldValue value{.field = nvml::kFieldPowerInstant, .scope = nvml::kScopeGpu};
        benchmark::DoNotOptimize(library->functions().field_values(device, 1, &value));
        benchmark::DoNotOptimize(value);
      },
      [&] { benchmark::DoNotOptimize(interface.ReadPower(PowerSensor::kInstant)); });
}

void BM_EnergyRead(benchmark::State& state) {
  const std::unique_ptr<nvml::Library> library = OpenEmulated();
  if (library == nullptr) return state.SkipWithError("the emulator's library cannot be opened");
  Result<nvml::Probe> probe = nvml::ProbeGpu(*library, 0);
  if (!probe) return state.SkipWithError(probe.error().message.c_str());
  const nvml::Device device = probe->device;
  nvml::NvmlGpu gpu(*library, Clock::System(), *std::move(probe));
  Gpu& interface = gpu;
  Compare(
      state,
      [&] {
        unsigned long long millijoules = 0;
        benchmark::DoNotOptimize(library->functions().total_energy(device, &millijoules));
        benchmark::DoNotOptimize(millijoules);
      },
      [&] { benchmark::DoNotOptimize(interface.ReadEnergy()); });
}

// What the time stamp alone costs on this machine.
void BM_Clock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Clock::System().Now());
}

BENCHMARK(BM_PowerRead)->Iterations(51)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_EnergyRead)->Iterations(51)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Clock);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
