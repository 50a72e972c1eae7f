// What a training session adds to a batch, and to the edges of a profile window, beyond the device calls: the GPUs here
// take no time to set and to read.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/fake_training_gpus.h"
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
      const auto begin = std::chrono::steady_clock::now();
      const Result<void> batch = (*session)->OnBatch();
      microseconds.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
      if (!batch) return state.SkipWithError(batch.error().message.c_str());
      gpus.Work(Seconds(1));
    }
  }
  std::ranges::sort(microseconds);
  state.counters["median_us"] = microseconds[microseconds.size() / 2];
  state.counters["p99_us"] = microseconds[microseconds.size() * 99 / 100];
}
BENCHMARK(BM_EdgeOfAProfileWindow)->Iterations(300);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
