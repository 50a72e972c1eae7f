#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <utility>

#include "tests/support/borrowed_gpu_case.h"
#include "tests/support/result_matchers.h"
#include "zeus/control/borrowed_gpu.h"
#include "zeus/device/fake/fake_gpu.h"

/// What a borrowed GPU does when it refuses, is lost, or was left changed.
namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using testing::kSlow;

using BorrowedGpuFailuresTest = testing::BorrowedGpuCase;

TEST_F(BorrowedGpuFailuresTest, ACardThatIgnoresSettingsIsFoundOut) {
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

TEST_F(BorrowedGpuFailuresTest, ALockThatFailsGivesBackTheLockBefore) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, kSlow), IsOk());
  gpu_.IgnoreSettings(true);
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(500)}),
              IsError(ErrorCode::kUnavailable, "the card runs at 1000 MHz"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> record, ReadRecord());
  EXPECT_EQ(record->graphics_clocks, kSlow);
}

TEST_F(BorrowedGpuFailuresTest, ClocksMayBeRoundedToTheNearestSupportedOne) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  gpu_.IgnoreSettings(true);  // Stays at 1500 MHz, the nearest to 1300.
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(1300)}), IsOk());
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(1200)}),
              IsError(ErrorCode::kUnavailable, "1500 MHz"));
}

TEST_F(BorrowedGpuFailuresTest, AGpuThatTellsNoClockCannotBeVerified) {
  FakeGpu silent({.lacks = {Capability::kClocks}});
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow(silent));
  ZEUS_ASSERT_OK_AND_ASSIGN(const ClockReading reading, borrowed->LockClocks(ClockDomain::kGraphics, kSlow));
  EXPECT_EQ(reading, ClockReading::kCannotTell);
  EXPECT_EQ(silent.LockedClocks(ClockDomain::kGraphics), kSlow);
}

TEST_F(BorrowedGpuFailuresTest, PermissionDeniedLeavesNothingBehind) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  gpu_.FailSettingsWith(Error{ErrorCode::kPermissionDenied, "only root may"});
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsError(ErrorCode::kPermissionDenied, "only root may"));
  EXPECT_THAT(borrowed->SetPersistenceMode(PersistenceMode::kOn), IsError(ErrorCode::kPermissionDenied, ""));
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kGraphics, kSlow), IsError(ErrorCode::kPermissionDenied, ""));
  ExpectAsBefore();
}

TEST_F(BorrowedGpuFailuresTest, AValueOutsideTheRangeLeavesWhatWasSet) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(1000)), IsError(ErrorCode::kInvalidArgument, "outside 100 to 300 W"));
  EXPECT_EQ(PowerLimit(), Watts(150));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> record, ReadRecord());
  EXPECT_EQ(record->power_limit, (BorrowedValue<Watts>{Watts(250), Watts(150)}));
}

TEST_F(BorrowedGpuFailuresTest, NoNumbersAreRefused) {
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

TEST_F(BorrowedGpuFailuresTest, AGpuThatIsLostIsRestoredLater) {
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

TEST_F(BorrowedGpuFailuresTest, WhatCannotBePutBackAfterAFailureStaysInTheJournal) {
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

TEST_F(BorrowedGpuFailuresTest, RestoresWhatADeadProcessLeftBehind) {
  LeaveBehind();
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  EXPECT_THAT(borrowed->notes(), ElementsAre("GPU 0 (Fake GPU): restored what process 77 (train) since "
                                             "2025-01-30T08:00:00Z had changed: power limit (was 250 W)"));
  ExpectAsBefore();
}

TEST_F(BorrowedGpuFailuresTest, WithoutPermissionToRestoreItSaysSo) {
  LeaveBehind();
  gpu_.FailSettingsWith(Error{ErrorCode::kPermissionDenied, "only root may"});
  EXPECT_THAT(Borrow(), IsError(ErrorCode::kPermissionDenied, "cannot restore what process 77 (train)"));
  EXPECT_TRUE(HasJournal());
}

TEST_F(BorrowedGpuFailuresTest, ADamagedJournalIsKeptAsideAndNoted) {
  LeaveBehind();
  std::filesystem::resize_file(JournalFile(), 100);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  ASSERT_EQ(borrowed->notes().size(), 1U);
  EXPECT_THAT(borrowed->notes()[0], HasSubstr("GPU-fake-0.json: not valid JSON at byte"));
  EXPECT_THAT(borrowed->notes()[0], HasSubstr("the journal is kept as " + JournalFile().string() + ".damaged"));
  EXPECT_EQ(std::filesystem::file_size(JournalFile().string() + ".damaged"), 100U);
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
}

TEST_F(BorrowedGpuFailuresTest, NothingChangesWithoutAJournal) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, Borrow());
  std::filesystem::remove_all(folder_.path() / "journal");
  EXPECT_THAT(borrowed->SetPowerLimit(Watts(150)), IsError(ErrorCode::kNotFound, "GPU-fake-0.json"));
  EXPECT_THAT(borrowed->LockClocks(ClockDomain::kMemory, kSlow), IsError(ErrorCode::kNotFound, "GPU-fake-0.json"));
  EXPECT_EQ(gpu_.settings_made(), 0);
}

TEST_F(BorrowedGpuFailuresTest, AHostileUuidCannotBeBorrowed) {
  FakeGpu hostile({.info = {.name = "Hostile", .uuid = "../../etc/passwd"}});
  EXPECT_THAT(Borrow(hostile), IsError(ErrorCode::kInvalidArgument, "its UUID cannot name a journal"));
}

}  // namespace
}  // namespace zeus
