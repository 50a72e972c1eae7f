// How settings come back when a process ends: real processes that share one GPU.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/control/borrowed_gpu.h"
#include "zeus/control/leftovers.h"
#include "zeus/control/live_borrowings.h"
#include "zeus/control/restore_on_signals.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ZEUS_THREAD_SANITIZER
#endif
#endif
#ifdef ZEUS_THREAD_SANITIZER
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif

constexpr ClockRange kSlow = {Megahertz(500), Megahertz(1000)};

// The card: memory that all processes of a test share.
struct Card {
  std::atomic<double> power_limit = 250;
  std::atomic<int> persistence = 0;
  std::atomic<double> locked_graphics = 0;  // The maximum; 0 for none.
  std::atomic<double> locked_memory = 0;
  std::atomic<int> settings_left = -1;  // Before the process that makes one is killed; negative for any number.
  std::atomic<int> ready = 0;           // For the tests: how many children are where they are to be.

  [[nodiscard]] bool AsBefore() const {
    return power_limit == 250 && persistence == 0 && locked_graphics == 0 && locked_memory == 0;
  }
};

// One process's view of the card. Every setting counts down to a kill, before and after it takes effect.
class SharedGpu final : public Gpu, private GpuSettings {
 public:
  explicit SharedGpu(Card& card, std::string uuid = "GPU-shared")
      : Gpu({.name = "Shared GPU", .uuid = std::move(uuid), .pci_address = "0000:01:00.0"}, {}), card_(card) {}

  Result<PowerSample> ReadPower(PowerSensor) override { return PowerSample{}; }
  Result<EnergySample> ReadEnergy() override { return EnergySample{}; }
  Result<Celsius> ReadTemperature() override { return Celsius(30); }
  Result<GpuStatus> ReadStatus() override {
    return GpuStatus{.graphics_clock = Megahertz(card_.locked_graphics == 0 ? 1500 : card_.locked_graphics.load()),
                     .memory_clock = Megahertz(card_.locked_memory == 0 ? 900 : card_.locked_memory.load())};
  }
  Result<std::vector<GpuProcess>> ReadProcesses() override { return std::vector<GpuProcess>(); }
  GpuSettings& settings() override { return *this; }

 private:
  Result<PowerLimitRange> ReadPowerLimitRange() override { return PowerLimitRange{Watts(100), Watts(300), Watts(250)}; }
  Result<Watts> ReadPowerLimit() override { return Watts(card_.power_limit); }
  Result<void> SetPowerLimit(Watts limit) override { return Set(card_.power_limit, limit.value()); }
  Result<PersistenceMode> ReadPersistenceMode() override {
    return card_.persistence != 0 ? PersistenceMode::kOn : PersistenceMode::kOff;
  }
  Result<void> SetPersistenceMode(PersistenceMode mode) override {
    return Set(card_.persistence, mode == PersistenceMode::kOn ? 1 : 0);
  }
  Result<std::vector<Megahertz>> ReadSupportedClocks(ClockDomain, std::optional<Megahertz>) override {
    return std::vector<Megahertz>();
  }
  Result<void> LockClocks(ClockDomain domain, ClockRange range) override {
    return Set(Locked(domain), range.maximum.value());
  }
  Result<void> ResetClocks(std::optional<ClockDomain> domain) override { return Set(Locked(domain.value()), 0.0); }

  std::atomic<double>& Locked(ClockDomain domain) {
    return domain == ClockDomain::kGraphics ? card_.locked_graphics : card_.locked_memory;
  }
  void CountDown() {
    if (card_.settings_left == 0) ::kill(::getpid(), SIGKILL);
    if (card_.settings_left > 0) --card_.settings_left;
  }
  template <class Value>
  Result<void> Set(std::atomic<Value>& place, Value value) {
    CountDown();
    place = value;
    CountDown();
    return {};
  }

  Card& card_;
};

class ProcessEndTest : public ::testing::Test {
 protected:
  ProcessEndTest()
      : card_(*new(::mmap(nullptr, sizeof(Card), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Card),
        gpu_(card_) {}
  ~ProcessEndTest() override { ::munmap(&card_, sizeof(Card)); }

  Result<std::unique_ptr<BorrowedGpu>> Borrow() {
    ZEUS_ASSIGN_OR_RETURN(const SettingsJournal journal,
                          SettingsJournal::Open(folder_.path() / "journal", std::chrono::system_clock::now));
    return BorrowedGpu::Borrow(gpu_, journal);
  }
  std::unique_ptr<BorrowedGpu> BorrowAndSet() {
    std::unique_ptr<BorrowedGpu> borrowed = Borrow().value();
    EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
    EXPECT_THAT(borrowed->SetPersistenceMode(PersistenceMode::kOn), IsOk());
    EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, kSlow), IsOk());
    EXPECT_THAT(borrowed->LockClocks(ClockDomain::kMemory, kSlow), IsOk());
    EXPECT_THAT(borrowed->SetPowerLimit(Watts(175)), IsOk());
    return borrowed;
  }

  // A process of its own; what it does ends in _exit(0) where it returns, in 1 where a check of it has failed.
  static pid_t Start(const std::function<void()>& what) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    what();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  static int Wait(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  }
  void WaitUntilReady(int count = 1) const {
    for (int i = 0; i < 3000 && card_.ready < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(card_.ready, count);
  }
  [[noreturn]] static void SleepUntilKilled() {
    while (true) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  Result<std::vector<Leftover>> RestoreAll() {
    const std::array<Gpu*, 1> gpus = {&gpu_};
    return RestoreLeftovers(folder_.path() / "journal", gpus, LeftoverMode::kRestore, std::chrono::system_clock::now);
  }
  bool HasJournal() { return std::filesystem::exists(folder_.path() / "journal" / "GPU-shared.json"); }

  TemporaryFolder folder_;
  Card& card_;
  SharedGpu gpu_;
};

TEST_F(ProcessEndTest, AKilledProcessIsRestoredByTheNextStart) {
  const pid_t child = Start([&] {
    const auto borrowed = BorrowAndSet();
    ++card_.ready;
    SleepUntilKilled();
  });
  WaitUntilReady();
  EXPECT_THAT(Borrow(), IsError(ErrorCode::kFailedPrecondition,
                                "GPU 0 (Shared GPU): its settings are held by process " + std::to_string(child)));
  EXPECT_EQ(card_.power_limit, 175);
  ::kill(child, SIGKILL);
  EXPECT_EQ(WTERMSIG(Wait(child)), SIGKILL);
  EXPECT_EQ(card_.power_limit, 175);
  EXPECT_TRUE(HasJournal());
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_EQ(borrowed->notes().size(), 1U);
  EXPECT_THAT(borrowed->notes()[0], HasSubstr("restored what process " + std::to_string(child)));
  EXPECT_TRUE(card_.AsBefore());
  EXPECT_FALSE(HasJournal());
}

TEST_F(ProcessEndTest, AKillAroundEverySettingIsRestored) {
  int killed = 0;
  for (int settings = 0;; ++settings) {
    card_.settings_left = settings;
    const int status = Wait(Start([&] { BorrowAndSet(); }));
    card_.settings_left = -1;
    ASSERT_THAT(RestoreAll(), IsOk());
    EXPECT_TRUE(card_.AsBefore()) << "killed at " << settings;
    EXPECT_FALSE(HasJournal());
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      break;
    }
    ++killed;
  }
  EXPECT_EQ(killed, 18);  // Before and after each of 5 settings and 4 restores.
}

TEST_F(ProcessEndTest, AKillDuringARestoreIsRestored) {
  for (int settings = 0; settings < 8; ++settings) {
    card_.settings_left = 10;  // Everything is set; the next setting kills.
    EXPECT_TRUE(WIFSIGNALED(Wait(Start([&] { BorrowAndSet(); }))));
    EXPECT_TRUE(HasJournal());
    card_.settings_left = settings;
    EXPECT_TRUE(WIFSIGNALED(Wait(Start([&] { RestoreAll().value(); }))));
    card_.settings_left = -1;
    ASSERT_THAT(RestoreAll(), IsOk());
    EXPECT_TRUE(card_.AsBefore()) << "killed at " << settings;
    EXPECT_FALSE(HasJournal());
  }
}

TEST_F(ProcessEndTest, AKillAtAnyMomentIsRestored) {
  for (int i = 0; i < 60; ++i) {
    const pid_t child = Start([&] {
      while (true) BorrowAndSet();
    });
    std::this_thread::sleep_for(std::chrono::microseconds(1000 + 137 * i));
    ::kill(child, SIGKILL);
    Wait(child);
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers, RestoreAll());
    for (const Leftover& each : leftovers) EXPECT_EQ(each.state, LeftoverState::kRestored) << each.message;
    ASSERT_TRUE(card_.AsBefore()) << "round " << i;
  }
}

TEST_F(ProcessEndTest, OfManyProcessesOneBorrows) {
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(Start([&] {
      for (int won = 0; won < 5;) {
        const auto borrowed = Borrow();
        if (!borrowed) {
          EXPECT_THAT(borrowed, IsError(ErrorCode::kFailedPrecondition, "are held by"));
          std::this_thread::sleep_for(std::chrono::microseconds(200));
          continue;
        }
        EXPECT_EQ(card_.power_limit, 250);
        EXPECT_THAT((*borrowed)->SetPowerLimit(Watts(150)), IsOk());
        ++won;
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(Wait(child), 0);
  EXPECT_TRUE(card_.AsBefore());
}

class SignalTest : public ProcessEndTest, public ::testing::WithParamInterface<int> {};

TEST_P(SignalTest, RestoresAndDiesByTheSignal) {
  const pid_t child = Start([&] {
    ::signal(GetParam(), SIG_DFL);  // Whatever the test was started with.
    const auto signals = RestoreOnSignals::Install().value();
    const auto borrowed = BorrowAndSet();
    ++card_.ready;
    SleepUntilKilled();
  });
  WaitUntilReady();
  EXPECT_EQ(card_.power_limit, 175);
  ::kill(child, GetParam());
  const int status = Wait(child);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), GetParam());
  EXPECT_TRUE(card_.AsBefore());
  EXPECT_FALSE(HasJournal());
}

INSTANTIATE_TEST_SUITE_P(All, SignalTest, ::testing::Values(SIGINT, SIGTERM, SIGHUP, SIGQUIT));

TEST_F(ProcessEndTest, WhatASignalCannotRestoreIsTold) {
  const pid_t child = Start([&] {
    const auto signals = RestoreOnSignals::Install([&](const Error& error) {
                           card_.ready = error.message.find("GPU-shared.json") != std::string::npos ? 7 : 6;
                         }).value();
    const auto borrowed = BorrowAndSet();
    std::filesystem::remove_all(folder_.path() / "journal");
    std::ofstream(folder_.path() / "journal") << "a file in its place";
    ::raise(SIGTERM);
    SleepUntilKilled();
  });
  EXPECT_EQ(WTERMSIG(Wait(child)), SIGTERM);
  EXPECT_EQ(card_.ready, 7);
  EXPECT_TRUE(card_.AsBefore());
}

TEST_F(ProcessEndTest, IgnoredAndHandledSignalsAreLeftAlone) {
  const int status = Wait(Start([&] {
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGINT, [](int) {});
    {
      const auto signals = RestoreOnSignals::Install().value();
      EXPECT_THAT(RestoreOnSignals::Install(), IsError(ErrorCode::kFailedPrecondition, "already"));
      ::raise(SIGHUP);
      ::raise(SIGINT);
    }
    EXPECT_THAT(RestoreOnSignals::Install(), IsOk());
    ::signal(SIGQUIT, SIG_DFL);
    struct sigaction now{};
    ::sigaction(SIGTERM, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
  }));
  EXPECT_EQ(status, 0);
}

TEST_F(ProcessEndTest, ExitRestores) {
  const pid_t child = Start([&] {
    const auto borrowed = BorrowAndSet();
    std::exit(3);  // Nothing on this stack is destroyed.
  });
  const int status = Wait(child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status;
  EXPECT_TRUE(card_.AsBefore());
  EXPECT_FALSE(HasJournal());
}

TEST_F(ProcessEndTest, AForkedChildLeavesItsParentsSettings) {
  const auto borrowed = BorrowAndSet();
  const auto in_child = [&](const std::function<void()>& what) { return Wait(Start(what)); };
  EXPECT_EQ(in_child([&] {
              EXPECT_THAT(borrowed->SetPowerLimit(Watts(120)),
                          IsError(ErrorCode::kFailedPrecondition, "borrowed by the parent process"));
              EXPECT_THAT(borrowed->Restore(), IsError(ErrorCode::kFailedPrecondition, "by the parent process"));
            }),
            0);
  EXPECT_EQ(WEXITSTATUS(in_child([] { std::exit(4); })), 4);
  EXPECT_EQ(card_.power_limit, 175);
  EXPECT_TRUE(HasJournal());
}

TEST_F(ProcessEndTest, ASignalToAForkedChildEndsTheChildAlone) {
  if (kThreadSanitizer) GTEST_SKIP() << "in a child of a process with threads, it never delivers signals";
  const pid_t parent = Start([&] {
    auto signals = RestoreOnSignals::Install().value();
    const auto borrowed = BorrowAndSet();
    const pid_t child = Start([&] {
      ++card_.ready;
      SleepUntilKilled();
    });
    WaitUntilReady();
    ::kill(child, SIGTERM);
    EXPECT_EQ(WTERMSIG(Wait(child)), SIGTERM);
    EXPECT_EQ(Wait(Start([&] { signals.reset(); })), 0);
    EXPECT_EQ(card_.power_limit, 175);
    EXPECT_THAT(borrowed->SetPowerLimit(Watts(160)), IsOk());
  });
  EXPECT_EQ(Wait(parent), 0);
}

TEST_F(ProcessEndTest, AForkedChildThatOutlivesItsParentHoldsNothing) {
  const pid_t parent = Start([&] {
    const auto borrowed = BorrowAndSet();
    Start([&] {
      ++card_.ready;
      while (card_.ready == 1) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      ++card_.ready;
    });
    WaitUntilReady();
    ::kill(::getpid(), SIGKILL);
  });
  EXPECT_EQ(WTERMSIG(Wait(parent)), SIGKILL);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  EXPECT_TRUE(card_.AsBefore());
  ++card_.ready;
  WaitUntilReady(3);
}

TEST_F(ProcessEndTest, NothingIsBorrowedOnceTheProcessEnds) {
  const int status = Wait(Start([&] {
    const auto borrowed = BorrowAndSet();
    EXPECT_THAT(LiveBorrowings::OfThisProcess().RestoreAll(), IsEmpty());
    EXPECT_TRUE(card_.AsBefore());
    EXPECT_THAT(borrowed->SetPowerLimit(Watts(120)), IsError(ErrorCode::kFailedPrecondition, "the process is ending"));
    EXPECT_THAT(borrowed->LockClocks(ClockDomain::kMemory, kSlow),
                IsError(ErrorCode::kFailedPrecondition, "is ending"));
    SharedGpu other(card_, "GPU-other");
    const auto journal = SettingsJournal::Open(folder_.path() / "journal", std::chrono::system_clock::now).value();
    EXPECT_THAT(BorrowedGpu::Borrow(other, journal), IsError(ErrorCode::kFailedPrecondition, "the process is ending"));
  }));
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(card_.AsBefore());
}

}  // namespace
}  // namespace zeus
