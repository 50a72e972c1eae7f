#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "emulator/machine/loads.h"
#include "emulator/machine/machine.h"
#include "emulator/machine/timeline.h"
#include "tests/support/files.h"
#include "tests/support/forked_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/shared_test_gpu.h"

namespace zeus::emulator {
namespace {

using testing::ForkedProcess;
using testing::SharedTestGpu;

constexpr const char* kConfiguration = "[[gpu]]\npreset = \"v100\"\n";
constexpr Seconds kPeriod(0.001);

Nanoseconds Now() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

bool IsBetween(double value, double lowest, double highest) {
  return value >= lowest * (1 - 1e-9) && value <= highest * (1 + 1e-9);
}

/// Whether all that a reader sees of a GPU is possible, and its counter never falls.
class Reader {
 public:
  explicit Reader(const Machine& machine)
      : machine_(machine),
        gpu_(machine.gpu(0)),
        model_(machine.model(0)),
        highest_(PowerAt(model_, {1, 1}, model_.Clocks().highest).value()) {}

  [[nodiscard]] bool Read() {
    const Nanoseconds now = Now();
    const Moment moment = At(gpu_, model_, now);
    const double lowest = model_.power.asleep.value();
    const uint64_t counter = CounterMillijoules(gpu_, kPeriod, machine_.created(), machine_.created(), now);
    const bool possible = IsBetween(moment.watts, lowest, highest_) && IsBetween(moment.gpu_utilization, 0, 1) &&
                          IsBetween(SensorWatts(gpu_, {kPeriod, Seconds(0.01)}, 0, now), lowest, highest_) &&
                          moment.celsius > 0 && moment.celsius < 150 && counter >= last_;
    last_ = counter;
    return possible;
  }

 private:
  const Machine& machine_;
  SharedGpu& gpu_;
  const GpuModel& model_;
  const double highest_;
  uint64_t last_ = 0;
};

void ChangeEverything(const Machine& machine, int turn) {
  SharedGpu& gpu = machine.gpu(0);
  const GpuModel& model = machine.model(0);
  Apply(gpu, model, {Setting::Kind::kPowerLimit, static_cast<uint64_t>(100'000 + turn % 150 * 1000)}, Now());
  const Result<size_t> slot =
      AddLoad(gpu, model, SharedTestGpu::Steady({.compute = turn % 10 / 10.0, .memory = turn % 7 / 7.0}), Now());
  if (!slot) return;
  ChangeActivity(gpu, model, *slot, {.compute = 0.5, .memory = 0.5}, Now());
  RemoveLoad(gpu, model, *slot, Now());
}

TEST(Concurrently, ThreadsWriteAndRead) {
  const testing::TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> machine,
                            Machine::Join(folder.path() / "state", kConfiguration, "toml"));
  std::atomic<int> writing{2};
  std::atomic<int> impossible{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        // More changes than are remembered.
        for (int turn = 0; turn < 1000; ++turn) ChangeEverything(*machine, turn);
        --writing;
      });
    }
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        Reader reader(*machine);
        while (writing > 0) {
          if (!reader.Read()) ++impossible;
          CheckOwners(machine->gpu(0), machine->model(0), Now());
        }
      });
    }
  }
  EXPECT_EQ(impossible, 0);
  EXPECT_EQ(machine->gpu(0).published.load(), 1 + 2 * 1000 * 4U);
  EXPECT_TRUE(ListLoads(machine->gpu(0), machine->model(0), Now()).empty());
}

TEST(Concurrently, ProcessesReadWhileOneWrites) {
  const testing::TemporaryFolder folder;
  const auto join = [&] { return Machine::Join(folder.path() / "state", kConfiguration, "toml"); };
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> machine, join());
  const Nanoseconds end = Now() + 1'000'000'000;
  std::vector<std::unique_ptr<ForkedProcess>> processes;
  for (int i = 0; i < 8; ++i) {
    processes.push_back(std::make_unique<ForkedProcess>([&] {
      const Result<std::unique_ptr<Machine>> joined = join();
      if (!joined) return false;
      Reader reader(**joined);
      bool possible = true;
      while (Now() < end) possible = reader.Read() && possible;
      return possible;
    }));
  }
  for (int turn = 0; Now() < end; ++turn) ChangeEverything(*machine, turn);
  for (const std::unique_ptr<ForkedProcess>& process : processes) EXPECT_TRUE(process->Succeeded());
  EXPECT_TRUE(ListLoads(machine->gpu(0), machine->model(0), Now()).empty());
}

}  // namespace
}  // namespace zeus::emulator
