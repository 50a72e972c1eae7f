#include "zeus/training/emulated_step.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>

#include "tests/support/emulated_machine.h"
#include "tests/support/emulator_library.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using std::chrono::steady_clock;
using testing::EmulatedMachine;
using testing::IsError;
using testing::IsOk;

/// Whose limits anybody may change.
EmulatedMachine OneV100() {
  return EmulatedMachine::OfConfiguration("settings = \"everyone\"\n[[gpu]]\npreset = \"v100\"\n");
}

double ThreadSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Computes for that long, however often it is preempted.
void Compute(double seconds) {
  const double end = ThreadSeconds() + seconds;
  while (ThreadSeconds() < end) {
  }
}

template <class Function>
Function* EmulatorFunction(const char* name) {
  return reinterpret_cast<Function*>(DynamicLibrary::Open(ZEUS_EMULATOR_LIBRARY).value().Symbol(name).value());
}

/// What the same work takes this machine's GPU when it is given beforehand.
double SecondsOfWork(const EmulatedStepOptions& options, double seconds) {
  auto* const run = EmulatorFunction<decltype(zeusEmulatorRunWork)>("zeusEmulatorRunWork");
  const zeusEmulatorWork_t work{.compute_seconds = (1 - options.memory_share) * seconds,
                                .memory_seconds = options.memory_share * seconds,
                                .host_seconds = 0,
                                .compute_activity = options.compute_activity,
                                .memory_activity = options.memory_activity};
  const auto begin = steady_clock::now();
  EXPECT_EQ(run(0, &work, 0), 0);
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

double SecondsOfStep(const EmulatedStepOptions& options, double seconds) {
  const auto begin = steady_clock::now();
  {
    const auto step = EmulatedStep::Begin(options);
    EXPECT_THAT(step, IsOk());
    Compute(seconds);
  }
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

/// The shortest of some, or the first that is within the limit: whoever is preempted takes longer, and nobody takes
/// less than it takes.
template <class Measure>
double Shortest(Measure measure, double limit = 0) {
  double shortest = measure();
  const int tries = limit > 0 ? 200 : 5;
  for (int i = 1; i < tries && shortest > limit; ++i) shortest = std::min(shortest, measure());
  return shortest;
}

// So short that a busy machine lets it run through now and then.
constexpr double kShort = 0.002;

// What it would take to do the work after computing, not meanwhile, is that much more.
constexpr double kTooMuch = 0.9 * kShort;

TEST(EmulatedStepTest, TakesAsLongAsTheSameWorkTakesTheGpu) {
  const EmulatedMachine machine = OneV100();
  const EmulatedStepOptions options;
  double faster = 0;
  for (const Watts limit : {Watts(250), Watts(175), Watts(100)}) {
    ASSERT_THAT(machine.gpu(0).settings().SetPowerLimit(limit), IsOk());
    const double work = Shortest([&] { return SecondsOfWork(options, kShort); });
    EXPECT_GT(work, 1.1 * faster) << limit.value();
    const double step = Shortest([&] { return SecondsOfStep(options, kShort); }, work + kTooMuch);
    EXPECT_GE(step, 0.9 * work);
    EXPECT_LE(step, work + kTooMuch);
    faster = work;
  }
}

TEST(EmulatedStepTest, WhatWaitsForMemoryIsNotStretched) {
  const EmulatedMachine machine = OneV100();
  ASSERT_THAT(machine.gpu(0).settings().SetPowerLimit(Watts(100)), IsOk());
  const EmulatedStepOptions memory{.compute_activity = 0.2, .memory_share = 1};
  EXPECT_LE(Shortest([&] { return SecondsOfStep(memory, kShort); }, 1.5 * kShort), 1.5 * kShort);
  EXPECT_GE(Shortest([&] { return SecondsOfStep({.memory_share = 0}, kShort); }), 2 * kShort);
}

TEST(EmulatedStepTest, ATimeThatIsGivenHoldsWhateverTheHostTakes) {
  const EmulatedMachine machine = OneV100();
  ASSERT_THAT(machine.gpu(0).settings().SetPowerLimit(Watts(100)), IsOk());
  const EmulatedStepOptions given{.time = Seconds(kShort)};
  const double work = Shortest([&] { return SecondsOfWork(given, kShort); });
  for (const double host : {0.0, 0.5 * kShort}) {
    const double step = Shortest([&] { return SecondsOfStep(given, host); }, work + kTooMuch);
    EXPECT_GE(step, 0.9 * work);
    EXPECT_LE(step, work + kTooMuch);
  }
  EXPECT_LE(Shortest([&] { return SecondsOfStep({.time = Seconds(0)}, kShort); }, 1.5 * kShort), 1.5 * kShort);
}

TEST(EmulatedStepTest, FollowsALimitThatChangesMeanwhile) {
  const EmulatedMachine machine = OneV100();
  const auto set_limit = [&](double watts) {
    EXPECT_THAT(machine.gpu(0).settings().SetPowerLimit(Watts(watts)), IsOk());
  };
  const EmulatedStepOptions given{.time = Seconds(0.02)};
  const double fast = Shortest([&] { return SecondsOfStep(given, 0); });
  set_limit(100);
  const double slow = Shortest([&] { return SecondsOfStep(given, 0); });
  const double changed = Shortest(
      [&] {
        set_limit(250);
        const auto begin = steady_clock::now();
        {
          const auto step = EmulatedStep::Begin(given);
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
          set_limit(100);
        }
        return std::chrono::duration<double>(steady_clock::now() - begin).count();
      },
      0.9 * slow);
  EXPECT_GT(changed, 1.1 * fast);
  EXPECT_LT(changed, 0.95 * slow);
}

TEST(EmulatedStepTest, WaitingIsNoWork) {
  const EmulatedMachine machine = OneV100();
  ASSERT_THAT(machine.gpu(0).settings().SetPowerLimit(Watts(100)), IsOk());
  const auto wait = [] {
    const auto begin = steady_clock::now();
    {
      const auto step = EmulatedStep::Begin();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return std::chrono::duration<double>(steady_clock::now() - begin).count();
  };
  EXPECT_LT(Shortest(wait, 0.014), 0.015);
}

TEST(EmulatedStepTest, TheGpuIsBusyUntilItEnds) {
  const EmulatedMachine machine = EmulatedMachine::OfGpus("v100x2");
  const auto power = [&](size_t gpu) {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));  // Until its sensor has seen it.
    return machine.gpu(gpu).ReadPower(PowerSensor::kInstant).value().power;
  };
  {
    const auto step = EmulatedStep::Begin({.gpu = 1});
    EXPECT_GT(power(1), Watts(200));
    EXPECT_LT(power(0), Watts(60));
  }
  EXPECT_LT(power(1), Watts(60));
}

TEST(EmulatedStepTest, AMovedStepEndsOnce) {
  const EmulatedMachine machine = OneV100();
  std::optional<EmulatedStep> kept;
  {
    auto step = EmulatedStep::Begin();
    ASSERT_THAT(step, IsOk());
    kept.emplace(*std::move(step));
  }
  EXPECT_EQ(machine.gpu(0).ReadProcesses().value().size(), 1U);
  kept.reset();
  EXPECT_EQ(machine.gpu(0).ReadProcesses().value().size(), 0U);
}

TEST(EmulatedStepTest, AForkedChildLeavesTheStepToItsParent) {
  const EmulatedMachine machine = OneV100();
  {
    const auto step = EmulatedStep::Begin();
    ASSERT_THAT(step, IsOk());
    const pid_t child = ::fork();
    if (child == 0) {
      std::destroy_at(&step);  // As when the child exits with its memory being torn down.
      ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(machine.gpu(0).ReadProcesses().value().size(), 1U);
  }
  EXPECT_EQ(machine.gpu(0).ReadProcesses().value().size(), 0U);
}

TEST(EmulatedStepTest, TheGpuWaitsForTheHostsShare) {
  const EmulatedMachine machine = OneV100();
  ASSERT_THAT(machine.gpu(0).settings().SetPowerLimit(Watts(100)), IsOk());
  const EmulatedStepOptions host{.memory_share = 0, .host_share = 1, .time = Seconds(kShort)};
  EXPECT_LE(Shortest([&] { return SecondsOfStep(host, 0); }, 1.5 * kShort), 1.5 * kShort);
}

TEST(EmulatedStepTest, BadInput) {
  const EmulatedMachine machine = OneV100();
  for (const int gpu : {1, 64, -1}) {
    EXPECT_THAT(EmulatedStep::Begin({.gpu = gpu}), IsError(ErrorCode::kInvalidArgument, "has no GPU"));
  }
  EXPECT_THAT(EmulatedStep::Begin({.compute_activity = 1.5}),
              IsError(ErrorCode::kInvalidArgument, "compute_activity is from 0 to 1, not 1.5"));
  EXPECT_THAT(EmulatedStep::Begin({.memory_share = -0.1}),
              IsError(ErrorCode::kInvalidArgument, "memory_share is from 0 to 1"));
  EXPECT_THAT(EmulatedStep::Begin({.memory_share = 0.6, .host_share = 0.6}),
              IsError(ErrorCode::kInvalidArgument, "memory_share and host_share together"));
  EXPECT_THAT(EmulatedStep::Begin({.memory_activity = std::nan("")}),
              IsError(ErrorCode::kInvalidArgument, "memory_activity is from 0 to 1"));
  for (const double time : {-1.0, 1e7, std::nan("")}) {
    EXPECT_THAT(EmulatedStep::Begin({.time = Seconds(time)}),
                IsError(ErrorCode::kInvalidArgument, "time is from 0 to 1000000 s"));
  }
}

TEST(EmulatedStepTest, TheEmulatorRefusesWorkThatCannotBe) {
  const EmulatedMachine machine = OneV100();
  auto* const begin_work = EmulatorFunction<decltype(zeusEmulatorBeginWork)>("zeusEmulatorBeginWork");
  auto* const begin_load = EmulatorFunction<decltype(zeusEmulatorBeginLoad)>("zeusEmulatorBeginLoad");
  auto* const change_load = EmulatorFunction<decltype(zeusEmulatorChangeLoad)>("zeusEmulatorChangeLoad");
  auto* const await_work = EmulatorFunction<decltype(zeusEmulatorAwaitWork)>("zeusEmulatorAwaitWork");
  auto* const end_load = EmulatorFunction<decltype(zeusEmulatorEndLoad)>("zeusEmulatorEndLoad");
  constexpr int kInvalid = 2;
  zeusEmulatorWork_t work{
      .compute_seconds = 1, .memory_seconds = 0, .host_seconds = 0, .compute_activity = 1, .memory_activity = 0};
  zeusEmulatorLoad_t load = nullptr;
  EXPECT_EQ(begin_work(0, nullptr, 0, &load), kInvalid);
  EXPECT_EQ(begin_work(0, &work, 0, nullptr), kInvalid);
  EXPECT_EQ(begin_work(1, &work, 0, &load), kInvalid);
  EXPECT_EQ(begin_work(0, &work, ~0ULL, &load), 20);
  work.compute_seconds = 0;
  EXPECT_EQ(begin_work(0, &work, 0, &load), kInvalid);
  EXPECT_EQ(load, nullptr);

  work.compute_seconds = 1;
  ASSERT_EQ(begin_work(0, &work, 0, &load), 0);
  EXPECT_EQ(await_work(load, 1.1), kInvalid);
  EXPECT_EQ(await_work(load, -0.1), kInvalid);
  EXPECT_EQ(change_load(load, 1, 1), kInvalid);
  EXPECT_EQ(end_load(load), 0);
  ASSERT_EQ(begin_load(0, 1, 0, 0, &load), 0);
  EXPECT_EQ(await_work(load, 0.5), kInvalid);
  EXPECT_EQ(end_load(load), 0);
}

TEST(EmulatedStepTest, AMachineThatCannotBeMadeIsToldNotHidden) {
  const testing::EmulatorEnvironment environment("[[gpu]]\npreset = \"no such card\"\n");
  ASSERT_THAT(DynamicLibrary::Open(ZEUS_EMULATOR_LIBRARY), IsOk());
  EXPECT_THAT(EmulatedStep::Begin(), IsError(ErrorCode::kUnavailable, "the emulator answers 9"));
}

// A process that has loaded no emulator's library, which this one may have: the child begins anew.
TEST(EmulatedStepDeathTest, DoesNothingWithoutAnEmulator) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        double took = 1;
        for (int i = 0; i < 1000; ++i) {
          const double begin = ThreadSeconds();
          {
            const auto step = EmulatedStep::Begin({.gpu = 7});
          }
          took = std::min(took, ThreadSeconds() - begin);
        }
        std::exit(took < 5e-6 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace zeus
