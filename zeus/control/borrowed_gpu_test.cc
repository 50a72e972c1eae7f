#include "zeus/control/borrowed_gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/files.h"
#include "tests/support/forked_process.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::ForkedProcess;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

constexpr ClockRange kSlow = {Megahertz(500), Megahertz(1000)};
constexpr ClockWait kNoWait = {.at_most = Seconds(0.04), .between_reads = Seconds(0.02)};

std::chrono::system_clock::time_point Noon() {
  return std::chrono::sys_days(std::chrono::January / 31 / 2025) + std::chrono::hours(12);
}

class BorrowedGpuTest : public ::testing::Test {
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

TEST_F(BorrowedGpuTest, RestoresEverythingWhenItGoesAway) {
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
    EXPECT_THAT(borrowed->notes(), IsEmpty());
    EXPECT_FALSE(HasJournal());
    ASSERT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
    ASSERT_THAT(borrowed->SetPersistenceMode(PersistenceMode::kOn), IsOk());
    ZEUS_ASSERT_OK_AND_ASSIGN(const ClockReading reading, borrowed->LockClocks(ClockDomain::kGraphics, kSlow));
    EXPECT_EQ(reading, ClockReading::kConfirmed);
    ASSERT_THAT(borrowed->LockClocks(ClockDomain::kMemory, {Megahertz(900), Megahertz(900)}), IsOk());
    EXPECT_EQ(PowerLimit(), Watts(150));
    EXPECT_EQ(Persistence(), PersistenceMode::kOn);
    EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), kSlow);
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> record, ReadRecord());
    ASSERT_TRUE(record);
    EXPECT_EQ(record->borrower.since, "2025-01-31T12:00:00Z");
    EXPECT_EQ(record->power_limit, (BorrowedValue<Watts>{Watts(250), Watts(150)}));
    EXPECT_EQ(record->graphics_clocks, kSlow);
  }
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, RestoresWhenAnExceptionUnwinds) {
  const auto fail = [&] {
    const auto borrowed = Borrow().value();
    EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
    throw std::runtime_error("training failed");
  };
  EXPECT_THROW(fail(), std::runtime_error);
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, WhatWasThereIsWhatWasThereBeforeTheFirstChange) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
  ASSERT_THAT(borrowed->SetPowerLimit(Watts(175)), IsOk());
  EXPECT_EQ(PowerLimit(), Watts(175));
  ASSERT_THAT(borrowed->Restore(), IsOk());
  ExpectAsBefore();
  EXPECT_THAT(borrowed->Restore(), IsOk());
  ASSERT_THAT(borrowed->SetPowerLimit(Watts(100)), IsOk());
  EXPECT_TRUE(HasJournal());
}

TEST_F(BorrowedGpuTest, ASettingThatIsThereAlreadyChangesNothing) {
  gpu_.FailSettingsWith(Error{ErrorCode::kPermissionDenied, "only root may"});
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(250)), IsOk());
  EXPECT_THAT(borrowed->SetPersistenceMode(PersistenceMode::kOff), IsOk());
  EXPECT_FALSE(HasJournal());
}

TEST_F(BorrowedGpuTest, ResetsClocks) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, kSlow), IsOk());
  ASSERT_THAT(borrowed->ResetClocks(ClockDomain::kGraphics), IsOk());
  ExpectAsBefore();
  EXPECT_THAT(borrowed->ResetClocks(ClockDomain::kMemory), IsOk());
}

TEST_F(BorrowedGpuTest, OnlyOneProcessBorrowsAGpu) {
  ForkedProcess child([&] {
    static std::unique_ptr<BorrowedGpu> never_destroyed;
    never_destroyed = Borrow().value_or(nullptr);
    return never_destroyed != nullptr;
  });
  ASSERT_TRUE(child.Succeeded());
  EXPECT_THAT(Borrow(), IsError(ErrorCode::kFailedPrecondition,
                                "GPU 0 (Fake GPU): its settings are held by process " + std::to_string(child.pid())));
  FakeGpu other({.info = {.name = "Other", .uuid = "GPU-fake-1"}});
  EXPECT_THAT(Borrow(other), IsOk());
}

TEST_F(BorrowedGpuTest, OfSeveralTheLastToSetCounts) {
  ZEUS_ASSERT_OK_AND_ASSIGN(auto first, Borrow());
  ASSERT_THAT(first->SetPowerLimit(Watts(200)), IsOk());
  EXPECT_TRUE(first->power_limit_counts());
  ZEUS_ASSERT_OK_AND_ASSIGN(auto second, Borrow());
  ASSERT_THAT(second->SetPowerLimit(Watts(150)), IsOk());
  ASSERT_THAT(second->SetPersistenceMode(PersistenceMode::kOn), IsOk());
  EXPECT_FALSE(first->power_limit_counts());
  EXPECT_EQ(PowerLimit(), Watts(150));
  ASSERT_THAT(first->SetPowerLimit(Watts(175)), IsOk());
  EXPECT_EQ(PowerLimit(), Watts(175));
  ASSERT_THAT(second->SetPowerLimit(Watts(125)), IsOk());
  second.reset();
  EXPECT_EQ(PowerLimit(), Watts(175));
  EXPECT_EQ(Persistence(), PersistenceMode::kOff);
  EXPECT_TRUE(first->power_limit_counts());
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> record, ReadRecord());
  EXPECT_EQ(record->power_limit->before, Watts(250));
  EXPECT_EQ(record->persistence_mode, std::nullopt);
  first.reset();
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, TheFirstMayGoAwayFirst) {
  ZEUS_ASSERT_OK_AND_ASSIGN(auto first, Borrow());
  ASSERT_THAT(first->SetPowerLimit(Watts(200)), IsOk());
  ASSERT_THAT(first->LockClocks(ClockDomain::kMemory, {Megahertz(900), Megahertz(900)}), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(auto second, Borrow());
  ASSERT_THAT(second->SetPowerLimit(Watts(150)), IsOk());
  first.reset();
  EXPECT_EQ(PowerLimit(), Watts(150));
  EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kMemory), std::nullopt);
  EXPECT_TRUE(HasJournal());
  second.reset();
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, WhatOneWantedLastIsKnownAlsoWhereAnotherHadSetIt) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto first, Borrow());
  ZEUS_ASSERT_OK_AND_ASSIGN(auto second, Borrow());
  ASSERT_THAT(second->SetPowerLimit(Watts(150)), IsOk());
  ASSERT_THAT(first->SetPowerLimit(Watts(150)), IsOk());
  second.reset();
  EXPECT_EQ(PowerLimit(), Watts(150));
}

TEST_F(BorrowedGpuTest, LockedClocksStayWhileAnotherLocksAndChangesTheLimit) {
  constexpr ClockRange kSlower = {Megahertz(500), Megahertz(500)};
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto first, Borrow());
  ASSERT_THAT(first->LockClocks(ClockDomain::kGraphics, kSlow), IsOk());
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto second, Borrow());
    ASSERT_THAT(second->SetPowerLimit(Watts(150)), IsOk());
    EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), kSlow);
    ASSERT_THAT(second->LockClocks(ClockDomain::kGraphics, kSlower), IsOk());
    EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), kSlower);
  }
  EXPECT_EQ(PowerLimit(), Watts(250));
  EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), kSlow);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> record, ReadRecord());
  EXPECT_EQ(record->graphics_clocks, kSlow);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto third, Borrow());
  ASSERT_THAT(third->ResetClocks(ClockDomain::kGraphics), IsOk());
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, ThePowerLimitAloneIsRestored) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  EXPECT_THAT(borrowed->RestorePowerLimit(), IsOk());
  ASSERT_THAT(borrowed->SetPersistenceMode(PersistenceMode::kOn), IsOk());
  ASSERT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
  ASSERT_THAT(borrowed->RestorePowerLimit(), IsOk());
  EXPECT_EQ(PowerLimit(), Watts(250));
  EXPECT_EQ(Persistence(), PersistenceMode::kOn);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> record, ReadRecord());
  EXPECT_EQ(record->power_limit, std::nullopt);
}

TEST_F(BorrowedGpuTest, WhatOneCouldNotPutBackTheLastOneDoes) {
  ZEUS_ASSERT_OK_AND_ASSIGN(auto first, Borrow());
  ZEUS_ASSERT_OK_AND_ASSIGN(auto second, Borrow());
  ASSERT_THAT(second->SetPowerLimit(Watts(150)), IsOk());
  gpu_.FailWith(Error{ErrorCode::kUnavailable, "GPU is lost"});
  second.reset();
  gpu_.FailWith(std::nullopt);
  EXPECT_EQ(PowerLimit(), Watts(150));
  EXPECT_TRUE(HasJournal());
  first.reset();
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, ACardThatIgnoresSettingsIsFoundOut) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  gpu_.IgnoreSettings(true);
  EXPECT_THAT(
      borrowed->SetPowerLimit(Watts(150)),
      IsError(ErrorCode::kUnavailable, "GPU 0 (Fake GPU): set power limit: asked for 150 W, the card says 250 W"));
  EXPECT_THAT(borrowed->SetPersistenceMode(PersistenceMode::kOn),
              IsError(ErrorCode::kUnavailable, "set persistence mode: asked for on, the card says off"));
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, kSlow),
              IsError(ErrorCode::kUnavailable,
                      "lock graphics clocks: asked for at most 1000 MHz, the card runs at 1500 MHz after 0.04 s"));
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, ALockThatFailsGivesBackTheLockBefore) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, kSlow), IsOk());
  gpu_.IgnoreSettings(true);
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(500)}),
              IsError(ErrorCode::kUnavailable, "the card runs at 1000 MHz"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> record, ReadRecord());
  EXPECT_EQ(record->graphics_clocks, kSlow);
}

TEST_F(BorrowedGpuTest, ClocksMayBeRoundedToTheNearestSupportedOne) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  gpu_.IgnoreSettings(true);  // Stays at 1500 MHz, the nearest to 1300.
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(1300)}), IsOk());
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(1200)}),
              IsError(ErrorCode::kUnavailable, "1500 MHz"));
}

TEST_F(BorrowedGpuTest, AGpuThatTellsNoClockCannotBeVerified) {
  FakeGpu silent({.lacks = {Capability::kClocks}});
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow(silent));
  ZEUS_ASSERT_OK_AND_ASSIGN(const ClockReading reading, borrowed->LockClocks(ClockDomain::kGraphics, kSlow));
  EXPECT_EQ(reading, ClockReading::kCannotTell);
  EXPECT_EQ(silent.LockedClocks(ClockDomain::kGraphics), kSlow);
}

TEST_F(BorrowedGpuTest, PermissionDeniedLeavesNothingBehind) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  gpu_.FailSettingsWith(Error{ErrorCode::kPermissionDenied, "only root may"});
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsError(ErrorCode::kPermissionDenied, "only root may"));
  EXPECT_THAT(borrowed->SetPersistenceMode(PersistenceMode::kOn), IsError(ErrorCode::kPermissionDenied, ""));
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, kSlow), IsError(ErrorCode::kPermissionDenied, ""));
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, AValueOutsideTheRangeLeavesWhatWasSet) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(1000)), IsError(ErrorCode::kInvalidArgument, "outside 100 to 300 W"));
  EXPECT_EQ(PowerLimit(), Watts(150));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> record, ReadRecord());
  EXPECT_EQ(record->power_limit, (BorrowedValue<Watts>{Watts(250), Watts(150)}));
}

TEST_F(BorrowedGpuTest, NoNumbersAreRefused) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double value : {nan, infinity, -1.0, 0.0}) {
    EXPECT_THAT(borrowed->SetPowerLimit(Watts(value)), IsError(ErrorCode::kInvalidArgument, "is no power limit"));
  }
  for (const auto& [minimum, maximum] : {std::pair(nan, 1000.0), std::pair(0.0, nan), std::pair(0.0, infinity),
                                         std::pair(1000.0, 500.0), std::pair(-1.0, 500.0)}) {
    EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, {Megahertz(minimum), Megahertz(maximum)}),
                IsError(ErrorCode::kInvalidArgument, "is no range"));
  }
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, AGpuThatIsLostIsRestoredLater) {
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
    ASSERT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
    ASSERT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, kSlow), IsOk());
    gpu_.FailWith(Error{ErrorCode::kUnavailable, "GPU is lost"});
    EXPECT_THAT(borrowed->Restore(), IsError(ErrorCode::kUnavailable, "GPU is lost"));
    EXPECT_THAT(borrowed->SetPowerLimit(Watts(120)), IsError(ErrorCode::kUnavailable, "GPU is lost"));
  }
  EXPECT_TRUE(HasJournal());
  EXPECT_THAT(Borrow(), IsError(ErrorCode::kUnavailable, "cannot restore what process"));
  EXPECT_TRUE(HasJournal());
  gpu_.FailWith(std::nullopt);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, WhatCannotBePutBackAfterAFailureStaysInTheJournal) {
  // Lost after it took the setting: nobody can tell whether it did.
  class LosingGpu final : public Gpu, private GpuSettings {
   public:
    explicit LosingGpu(FakeGpu& inner) : Gpu(inner.info(), inner.capabilities()), inner_(inner) {}
    Result<PowerSample> ReadPower(PowerSensor sensor) override { return inner_.ReadPower(sensor); }
    Result<EnergySample> ReadEnergy() override { return inner_.ReadEnergy(); }
    Result<Celsius> ReadTemperature() override { return inner_.ReadTemperature(); }
    Result<GpuStatus> ReadStatus() override { return inner_.ReadStatus(); }
    Result<std::vector<GpuProcess>> ReadProcesses() override { return inner_.ReadProcesses(); }
    GpuSettings& settings() override { return *this; }

   private:
    Result<PowerLimitRange> ReadPowerLimitRange() override { return inner_.settings().ReadPowerLimitRange(); }
    Result<Watts> ReadPowerLimit() override { return inner_.settings().ReadPowerLimit(); }
    Result<void> SetPowerLimit(Watts limit) override {
      Result<void> set = inner_.settings().SetPowerLimit(limit);
      inner_.FailWith(Error{ErrorCode::kUnavailable, "GPU is lost"});
      return set;
    }
    Result<PersistenceMode> ReadPersistenceMode() override { return inner_.settings().ReadPersistenceMode(); }
    Result<void> SetPersistenceMode(PersistenceMode mode) override {
      return inner_.settings().SetPersistenceMode(mode);
    }
    Result<std::vector<Megahertz>> ReadSupportedClocks(ClockDomain domain, std::optional<Megahertz> memory) override {
      return inner_.settings().ReadSupportedClocks(domain, memory);
    }
    Result<void> LockClocks(ClockDomain domain, ClockRange range) override {
      Result<void> locked = inner_.settings().LockClocks(domain, range);
      inner_.FailWith(Error{ErrorCode::kUnavailable, "GPU is lost"});
      return locked;
    }
    Result<void> ResetClocks(std::optional<ClockDomain> domain) override {
      // As AMD GPUs: all or nothing.
      if (domain) return Fail(ErrorCode::kFailedPrecondition, "cannot reset one domain alone");
      return inner_.settings().ResetClocks();
    }

    FakeGpu& inner_;
  };
  LosingGpu losing(gpu_);
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow(losing));
    EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsError(ErrorCode::kUnavailable, "the journal keeps it"));
    gpu_.FailWith(std::nullopt);
    EXPECT_THAT(
        borrowed->LockClocks(ClockDomain::kGraphics, kSlow),
        IsError(ErrorCode::kUnavailable, "what was there cannot be put back: GPU is lost; the journal keeps it"));
  }
  EXPECT_TRUE(HasJournal());
  gpu_.FailWith(std::nullopt);
  EXPECT_EQ(PowerLimit(), Watts(150));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, RestoresWhatADeadProcessLeftBehind) {
  LeaveBehind();
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  EXPECT_THAT(borrowed->notes(), ElementsAre("GPU 0 (Fake GPU): restored what process 77 (train) since "
                                             "2025-01-30T08:00:00Z had changed: power limit (was 250 W)"));
  ExpectAsBefore();
}

TEST_F(BorrowedGpuTest, WithoutPermissionToRestoreItSaysSo) {
  LeaveBehind();
  gpu_.FailSettingsWith(Error{ErrorCode::kPermissionDenied, "only root may"});
  EXPECT_THAT(Borrow(), IsError(ErrorCode::kPermissionDenied, "cannot restore what process 77 (train)"));
  EXPECT_TRUE(HasJournal());
}

TEST_F(BorrowedGpuTest, ADamagedJournalIsKeptAsideAndNoted) {
  LeaveBehind();
  std::filesystem::resize_file(JournalFile(), 100);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_EQ(borrowed->notes().size(), 1U);
  EXPECT_THAT(borrowed->notes()[0], HasSubstr("GPU-fake-0.json: not valid JSON at byte"));
  EXPECT_THAT(borrowed->notes()[0], HasSubstr("the journal is kept as " + JournalFile().string() + ".damaged"));
  EXPECT_EQ(std::filesystem::file_size(JournalFile().string() + ".damaged"), 100U);
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
}

TEST_F(BorrowedGpuTest, NothingChangesWithoutAJournal) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  std::filesystem::remove_all(folder_.path() / "journal");
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsError(ErrorCode::kNotFound, "GPU-fake-0.json"));
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kMemory, kSlow), IsError(ErrorCode::kNotFound, "GPU-fake-0.json"));
  EXPECT_EQ(gpu_.settings_made(), 0);
}

TEST_F(BorrowedGpuTest, AHostileUuidCannotBeBorrowed) {
  FakeGpu hostile({.info = {.name = "Hostile", .uuid = "../../etc/passwd"}});
  EXPECT_THAT(Borrow(hostile), IsError(ErrorCode::kInvalidArgument, "its UUID cannot name a journal"));
}

}  // namespace
}  // namespace zeus
