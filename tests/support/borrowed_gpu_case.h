#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/control/borrowed_gpu.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus::testing {

inline constexpr ClockRange kSlow = {Megahertz(500), Megahertz(1000)};
inline constexpr ClockWait kNoWait = {.at_most = Seconds(0.04), .between_reads = Seconds(0.02)};

inline std::chrono::system_clock::time_point Noon() {
  return std::chrono::sys_days(std::chrono::January / 31 / 2025) + std::chrono::hours(12);
}

/// A fake GPU, whose borrowings are noted in a folder of the test's own.
class BorrowedGpuCase : public ::testing::Test {
 protected:
  Result<std::unique_ptr<BorrowedGpu>> Borrow(Gpu& gpu) {
    ZEUS_ASSIGN_OR_RETURN(const SettingsJournal journal, SettingsJournal::Open(folder_.path() / "journal", Noon));
    return BorrowedGpu::Borrow(gpu, journal, kNoWait);
  }
  Result<std::unique_ptr<BorrowedGpu>> Borrow() { return Borrow(gpu_); }

  std::filesystem::path JournalFile() { return folder_.path() / "journal" / "GPU-fake-0.json"; }
  bool HasJournal() { return std::filesystem::exists(JournalFile()); }
  Result<std::optional<JournalRecord>> ReadRecord() { return ReadJournal(JournalFile(), "GPU-fake-0"); }
  Watts PowerLimit() { return gpu_.settings().ReadPowerLimit().value_or(Watts(-1)); }
  PersistenceMode Persistence() { return gpu_.settings().ReadPersistenceMode().value(); }

  void ExpectAsBefore() {
    EXPECT_EQ(PowerLimit(), Watts(250));
    EXPECT_EQ(Persistence(), PersistenceMode::kOff);
    EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), std::nullopt);
    EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kMemory), std::nullopt);
    EXPECT_FALSE(HasJournal());
  }

  // Leaves behind what a process that was killed does.
  void LeaveBehind() {
    ZEUS_ASSERT_OK_AND_ASSIGN(const SettingsJournal journal, SettingsJournal::Open(folder_.path() / "journal", Noon));
    ZEUS_ASSERT_OK_AND_ASSIGN(GpuJournal own,
                              GpuJournal::Lock(journal.folder(), "GPU-fake-0", "GPU 0",
                                               {.pid = 77, .command = "train", .since = "2025-01-30T08:00:00Z"}));
    ASSERT_THAT(own.Write({.uuid = "GPU-fake-0",
                           .gpu_name = "Fake GPU",
                           .borrower = {.pid = 77, .command = "train", .since = "2025-01-30T08:00:00Z"},
                           .power_limit = {{Watts(250), Watts(125)}}}),
                IsOk());
    ASSERT_THAT(gpu_.settings().SetPowerLimit(Watts(125)), IsOk());
  }

  TemporaryFolder folder_;
  FakeGpu gpu_{{}};
};

}  // namespace zeus::testing
