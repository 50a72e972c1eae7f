// What a training session adds to a batch, and to the edges of a profile window, beyond the device calls: the GPUs here
// take no time to set and to read.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/fake_training_gpus.h"
#include "zeus/device/nvml/nvml_library.h"
#include "zeus/training/local_gpus.h"
#include "zeus/training/training_session.h"

namespace zeus {
namespace {

using testing::FakeTrainingGpus;

constexpr int64_t kManyBatches = int64_t{1} << 40;

/// A folder of this process's own that goes away.
class Folder {
 public:
  Folder() { std::filesystem::create_directories(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("zeus-session-bench." + std::to_string(::getpid()));
};

Result<std::unique_ptr<TrainingSession>> BeginSession(const std::filesystem::path& folder, FakeTrainingGpus& gpus,
                                                      const ProfileWindow& window) {
  ZEUS_ASSIGN_OR_RETURN(
      std::unique_ptr<TrainingSession> session,
      TrainingSession::Create({.batch_size = 1, .max_epochs = 1},
                              {.target_metric = 1, .log_dir = folder, .profile_window = window}, {.gpus = &gpus}));
  ZEUS_RETURN_IF_ERROR(session->BeginEpoch());
  ZEUS_RETURN_IF_ERROR(session->BeginTraining(kManyBatches));
  return session;
}

template <class Work>
double Microseconds(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

void BM_BatchWhenNotProfiling(benchmark::State& state) {
  const Folder folder;
  FakeTrainingGpus gpus;
  const auto session = BeginSession(folder.path(), gpus, {.warmup = 1, .measure = 1});
  if (!session) return state.SkipWithError(session.error().message.c_str());
  while (!(*session)->optimal_limit()) {
    if (!(*session)->OnBatch()) return state.SkipWithError("profiling failed");
    gpus.Work(Seconds(1));
  }
  for (auto _ : state) benchmark::DoNotOptimize((*session)->OnBatch());
}
BENCHMARK(BM_BatchWhenNotProfiling);

// A batch at which a window ends, a limit is set and another window begins, at most: every batch of a window of one.
void BM_EdgeOfAProfileWindow(benchmark::State& state) {
  const Folder folder;
  std::vector<double> microseconds;
  for (auto _ : state) {
    FakeTrainingGpus gpus;
    const auto session = BeginSession(folder.path(), gpus, {.warmup = 1, .measure = 1});
    if (!session) return state.SkipWithError(session.error().message.c_str());
    while (!(*session)->optimal_limit()) {
      Result<void> batch;
      microseconds.push_back(Microseconds([&] { batch = (*session)->OnBatch(); }));
      if (!batch) return state.SkipWithError(batch.error().message.c_str());
      gpus.Work(Seconds(1));
    }
  }
  std::ranges::sort(microseconds);
  state.counters["median_us"] = microseconds[microseconds.size() / 2];
  state.counters["p99_us"] = microseconds[microseconds.size() * 99 / 100];
}
BENCHMARK(BM_EdgeOfAProfileWindow)->Iterations(300);

// An edge on an emulated GPU as it is on a real one: a window ends, the borrowed limit is set, a window begins. Beside
// it the NVML calls that this comes to: two reads of the counter; the limit read, set, and read back.
void BM_EdgeOnAnEmulatedGpu(benchmark::State& state) {
  const Folder folder;
  ::setenv("ZEUS_EMULATOR_STATE", (folder.path() / "machine").c_str(), 1);
  ::setenv("ZEUS_EMULATOR_GPUS", "v100", 1);
  const auto gpus = LocalGpus::Open({.inventory = {.nvml = ZEUS_EMULATOR_LIBRARY},
                                     .journal_folder = "/dev/shm/zeus-session-bench",
                                     .wall_clock = std::chrono::system_clock::now});
  const auto library = nvml::Library::Open(ZEUS_EMULATOR_LIBRARY);
  nvml::Device device = nullptr;
  if (!gpus || !library || (*library)->functions().handle_by_index(0, &device) != nvml::kSuccess) {
    return state.SkipWithError("the emulated GPU cannot be opened");
  }
  const nvml::Functions& calls = (*library)->functions();
  std::vector<double> direct_us;
  std::vector<double> edge_us;
  bool higher = false;
  if (!(*gpus)->BeginWindow("edge")) return state.SkipWithError("no window");
  for (auto _ : state) {
    unsigned long long millijoules = 0;
    unsigned milliwatts = 0;
    direct_us.push_back(Microseconds([&] {
      calls.total_energy(device, &millijoules);
      for (int read = 0; read < 3; ++read) calls.power_limit(device, &milliwatts);
      calls.set_power_limit(device, higher ? 175'000 : 125'000);
      calls.power_limit(device, &milliwatts);
      calls.total_energy(device, &millijoules);
    }));
    edge_us.push_back(Microseconds([&] {
      benchmark::DoNotOptimize((*gpus)->EndWindow("edge"));
      benchmark::DoNotOptimize((*gpus)->SetPowerLimit(Watts(higher ? 200 : 150)));
      benchmark::DoNotOptimize((*gpus)->BeginWindow("edge"));
    }));
    higher = !higher;
  }
  std::ranges::sort(direct_us);
  std::ranges::sort(edge_us);
  state.counters["nvml_us"] = direct_us[direct_us.size() / 2];
  state.counters["beyond_us"] = edge_us[edge_us.size() / 2] - direct_us[direct_us.size() / 2];
  state.counters["p99_us"] = edge_us[edge_us.size() * 99 / 100];
}
BENCHMARK(BM_EdgeOnAnEmulatedGpu)->Iterations(2000);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
