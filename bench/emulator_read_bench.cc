// How fast the emulator answers a power read on a machine of 64 GPUs that 8 processes read at once, while another
// changes what the GPUs do. Each process counts its own processor time, so that sharing cores does not count; the
// longest wait of the 99 % is wall-clock time and does.

#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "zeus/device/nvml/nvml_library.h"

namespace zeus {
namespace {

constexpr unsigned kGpus = 64;
constexpr int kProcesses = 8;
constexpr int kReads = 400000;

struct Report {
  double processor_ns = 0;
  double wall_median_ns = 0;
  double wall_p99_ns = 0;
};

struct Shared {
  std::atomic<int> ready;
  std::atomic<int> done;
  Report reports[kProcesses];
};

double Now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

std::vector<nvml::Device> Devices(const nvml::Library& library) {
  std::vector<nvml::Device> devices(kGpus);
  for (unsigned i = 0; i < kGpus; ++i) library.functions().handle_by_index(i, &devices[i]);
  return devices;
}

void Meet(Shared& shared, int parties) {
  shared.ready.fetch_add(1);
  while (shared.ready.load() < parties) ::usleep(100);
}

void ReadAll(const nvml::Library& library, Shared& shared, Report& report) {
  const std::vector<nvml::Device> devices = Devices(library);
  Meet(shared, kProcesses + 1);
  unsigned milliwatts = 0;
  const double begin = Now(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < kReads; ++i) {
    library.functions().power_usage(devices[static_cast<unsigned>(i) % kGpus], &milliwatts);
    benchmark::DoNotOptimize(milliwatts);
  }
  report.processor_ns = (Now(CLOCK_PROCESS_CPUTIME_ID) - begin) / kReads;
  std::vector<double> each(20000);
  for (size_t i = 0; i < each.size(); ++i) {
    const double start = Now(CLOCK_MONOTONIC);
    library.functions().power_usage(devices[i % kGpus], &milliwatts);
    each[i] = Now(CLOCK_MONOTONIC) - start;
  }
  std::ranges::sort(each);
  report.wall_median_ns = each[each.size() / 2];
  report.wall_p99_ns = each[each.size() * 99 / 100];
  shared.done.fetch_add(1);
}

std::unique_ptr<nvml::Library> Open() {
  Result<std::unique_ptr<nvml::Library>> library = nvml::Library::Open(ZEUS_EMULATOR_LIBRARY);
  return library ? *std::move(library) : nullptr;
}

void BM_PowerReadsOfEightProcesses(benchmark::State& state) {
  ::setenv("ZEUS_EMULATOR_STATE", ("/dev/shm/zeus-bench." + std::to_string(::getpid())).c_str(), 1);
  ::setenv("ZEUS_EMULATOR_GPUS", "a100x32,h100x32", 1);
  const std::unique_ptr<nvml::Library> library = Open();
  if (library == nullptr) return state.SkipWithError("the emulator's library cannot be opened");
  const std::vector<nvml::Device> devices = Devices(*library);
  Report worst;
  for (auto _ : state) {
    void* const memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    Shared& shared = *static_cast<Shared*>(memory);
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        // A client of its own, as another program is.
        const std::unique_ptr<nvml::Library> own = Open();
        if (own != nullptr) ReadAll(*own, shared, shared.reports[i]);
        ::_exit(own == nullptr ? 1 : 0);
      }
      children.push_back(child);
    }
    Meet(shared, kProcesses + 1);
    // A hundred changes a second: far more than power limits see.
    for (unsigned n = 0; shared.done.load() < kProcesses; ++n) {
      library->functions().set_power_limit(devices[n % kGpus], n % 2 == 0 ? 300000 : 400000);
      ::usleep(10000);
    }
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      if (status != 0) state.SkipWithError("a client failed");
    }
    for (const Report& report : shared.reports) {
      worst.processor_ns = std::max(worst.processor_ns, report.processor_ns);
      worst.wall_median_ns = std::max(worst.wall_median_ns, report.wall_median_ns);
      worst.wall_p99_ns = std::max(worst.wall_p99_ns, report.wall_p99_ns);
    }
    ::munmap(memory, sizeof(Shared));
  }
  state.counters["slowest_client_ns_per_read"] = worst.processor_ns;
  state.counters["slowest_client_median_wall_ns"] = worst.wall_median_ns;
  state.counters["slowest_client_p99_wall_ns"] = worst.wall_p99_ns;
  // The least a read can cost that asks the kernel for the time.
  const double begin = Now(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < kReads; ++i) benchmark::DoNotOptimize(Now(CLOCK_MONOTONIC));
  state.counters["clock_alone_ns"] = (Now(CLOCK_PROCESS_CPUTIME_ID) - begin) / kReads;
}

BENCHMARK(BM_PowerReadsOfEightProcesses)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
