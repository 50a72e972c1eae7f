// What opening and closing an energy window costs beyond the NVML calls under it, on one emulated GPU and on eight:
// names, clocks, the table of windows, figures and their totals. Both are timed in turn; the difference is printed.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "zeus/device/nvml/nvml_gpu.h"
#include "zeus/monitor/energy_monitor.h"

namespace zeus {
namespace {

// Short enough that most batches are not interrupted on a busy machine.
constexpr int kWindows = 200;

std::unique_ptr<nvml::Library> OpenEmulated(size_t gpus) {
  const std::string state = "/dev/shm/zeus-bench." + std::to_string(::getpid()) + "." + std::to_string(gpus);
  ::setenv("ZEUS_EMULATOR_STATE", state.c_str(), 1);
  ::setenv("ZEUS_EMULATOR_GPUS", ("v100x" + std::to_string(gpus)).c_str(), 1);
  Result<std::unique_ptr<nvml::Library>> library = nvml::Library::Open(ZEUS_EMULATOR_LIBRARY);
  return library ? *std::move(library) : nullptr;
}

template <class Work>
double NanosecondsEach(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kWindows; ++i) work();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / kWindows;
}

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

void BM_OpenAndCloseWindow(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const std::unique_ptr<nvml::Library> library = OpenEmulated(count);
  if (library == nullptr) return state.SkipWithError("the emulator's library cannot be opened");
  std::vector<nvml::Device> devices;
  std::vector<std::unique_ptr<Gpu>> owners;
  std::vector<Gpu*> gpus;
  for (size_t i = 0; i < count; ++i) {
    Result<nvml::Probe> probe = nvml::ProbeGpu(*library, static_cast<int>(i));
    if (!probe) return state.SkipWithError(probe.error().message.c_str());
    devices.push_back(probe->device);
    owners.push_back(std::make_unique<nvml::NvmlGpu>(*library, Clock::System(), *std::move(probe)));
    gpus.push_back(owners.back().get());
  }
  const auto monitor = EnergyMonitor::Create(gpus, {});
  if (!monitor) return state.SkipWithError(monitor.error().message.c_str());

  std::vector<double> direct_ns;
  std::vector<double> window_ns;
  bool failed = false;
  for (auto _ : state) {
    direct_ns.push_back(NanosecondsEach([&] {
      for (int edge = 0; edge < 2; ++edge) {
        for (const nvml::Device device : devices) {
          unsigned long long millijoules = 0;
          benchmark::DoNotOptimize(library->functions().total_energy(device, &millijoules));
          benchmark::DoNotOptimize(millijoules);
        }
      }
    }));
    window_ns.push_back(NanosecondsEach([&] {
      failed |= !(*monitor)->BeginWindow("training step").has_value();
      const Result<Measurement> measurement = (*monitor)->EndWindow("training step");
      failed |= !measurement.has_value();
      benchmark::DoNotOptimize(measurement->TotalEnergy());
    }));
  }
  if (failed) state.SkipWithError("a window could not be measured");
  state.counters["nvml_ns"] = Median(direct_ns);
  state.counters["window_ns"] = Median(window_ns);
  state.counters["beyond_ns"] = Median(window_ns) - Median(direct_ns);
}

BENCHMARK(BM_OpenAndCloseWindow)->Arg(1)->Arg(8)->Iterations(501)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
