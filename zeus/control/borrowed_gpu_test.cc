#include "zeus/control/borrowed_gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/borrowed_gpu_case.h"
#include "tests/support/forked_process.h"
#include "tests/support/result_matchers.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using testing::ForkedProcess;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::kSlow;
using testing::Noon;

using BorrowedGpuTest = testing::BorrowedGpuCase;

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

}  // namespace
}  // namespace zeus
