// What it takes to run a try as a process, beyond the process itself: starting /bin/true under a supervisor, with a
// log, against posix_spawn of the same.

#include <benchmark/benchmark.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "zeus/launcher/training_process.h"

namespace zeus {
namespace {

using Clock = std::chrono::steady_clock;

double SpawnPlainly() {
  const auto begin = Clock::now();
  std::string program = "/bin/true";
  char* const arguments[] = {program.data(), nullptr};
  pid_t pid = -1;
  if (::posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environ) != 0) return 0;
  ::waitpid(pid, nullptr, 0);
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// One of the one, one of the other, so that both see the same machine.
void BM_StartATry(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "zeus_bench.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no temporary folder");
  const std::filesystem::path path = folder;
  TrainingCommand command;
  command.arguments = {"/bin/true"};
  command.environment = {{"ZEUS_JOB_ID", "rec01+try01"}};
  command.log = path / "train.log";
  std::vector<double> plain;
  std::vector<double> ours;
  for (auto _ : state) {
    plain.push_back(SpawnPlainly());
    const auto begin = Clock::now();
    const Result<TrainingEnd> end = RunTraining(command, nullptr);
    ours.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    state.SetIterationTime(ours.back());
    if (!end || end->exit_code != 0) {
      state.SkipWithError("the command failed");
      break;
    }
  }
  std::filesystem::remove_all(path);
  if (ours.empty()) return;
  state.counters["plain_ms"] = 1000 * Median(plain);
  state.counters["beyond_ms"] = 1000 * (Median(ours) - Median(plain));
  state.counters["ratio"] = Median(ours) / Median(plain);
}
BENCHMARK(BM_StartATry)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(300);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
