#include "zeus/control/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <memory>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/control/borrowed_gpu.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using ::testing::SizeIs;
using testing::TemporaryFolder;

std::chrono::system_clock::time_point Noon() {
  return std::chrono::sys_days(std::chrono::January / 31 / 2025) + std::chrono::hours(12);
}

JournalRecord RecordOf(const std::string& uuid) {
  return {.uuid = uuid,
          .gpu_name = "Fake GPU",
          .borrower = {.pid = 77, .command = "train", .since = "2025-01-30T08:00:00Z"},
          .power_limit = {{Watts(250), Watts(125)}},
          .persistence_mode = {{PersistenceMode::kOff, PersistenceMode::kOn}},
          .graphics_clocks = {{Megahertz(500), Megahertz(1000)}}};
}

class LeftoversTest : public ::testing::Test {
 protected:
  // The first GPU is as a killed process left it.
  LeftoversTest() {
    EXPECT_THAT(first_.settings().SetPowerLimit(Watts(125)), IsOk());
    EXPECT_THAT(first_.settings().SetPersistenceMode(PersistenceMode::kOn), IsOk());
    EXPECT_THAT(first_.settings().LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(1000)}), IsOk());
    first_file_ = folder_.Write("GPU-a.json", ToJournalText(RecordOf("GPU-a")));
  }

  Result<std::vector<Leftover>> Restore(LeftoverMode mode = LeftoverMode::kRestore) {
    const std::array<Gpu*, 2> gpus = {&first_, &second_};
    return RestoreLeftovers(folder_.path(), gpus, mode, Noon);
  }
  Watts PowerLimit(FakeGpu& gpu) { return gpu.settings().ReadPowerLimit().value_or(Watts(-1)); }

  TemporaryFolder folder_;
  FakeGpu first_{{.info = {.name = "Fake GPU", .uuid = "GPU-a"}}};
  FakeGpu second_{{.info = {.name = "Fake GPU", .uuid = "GPU-b", .index = 1}}};
  std::filesystem::path first_file_;
};

TEST_F(LeftoversTest, RestoresAndRemovesTheJournal) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers, Restore());
  ASSERT_THAT(leftovers, SizeIs(1));
  EXPECT_EQ(leftovers[0].state, LeftoverState::kRestored);
  EXPECT_FALSE(IsProblem(leftovers[0]));
  EXPECT_EQ(leftovers[0].record, RecordOf("GPU-a"));
  EXPECT_EQ(leftovers[0].message,
            "restored what process 77 (train) since 2025-01-30T08:00:00Z had changed: power limit (was 250 W), "
            "persistence mode on (was off), graphics clocks 500 to 1000 MHz (were not locked)");
  EXPECT_EQ(PowerLimit(first_), Watts(250));
  EXPECT_EQ(first_.settings().ReadPersistenceMode().value(), PersistenceMode::kOff);
  EXPECT_EQ(first_.LockedClocks(ClockDomain::kGraphics), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(first_file_));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> again, Restore());
  EXPECT_THAT(again, IsEmpty());
}

TEST_F(LeftoversTest, ADryRunChangesNothing) {
  const auto damaged = folder_.Write("GPU-b.json", "{");
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers, Restore(LeftoverMode::kDryRun));
  ASSERT_THAT(leftovers, SizeIs(2));
  EXPECT_EQ(leftovers[0].state, LeftoverState::kToRestore);
  EXPECT_THAT(leftovers[0].message, HasSubstr("process 77 (train) since 2025-01-30T08:00:00Z had changed: power"));
  EXPECT_EQ(leftovers[1].state, LeftoverState::kDamaged);
  EXPECT_EQ(PowerLimit(first_), Watts(125));
  EXPECT_TRUE(std::filesystem::exists(first_file_));
  EXPECT_TRUE(std::filesystem::exists(damaged));
}

TEST_F(LeftoversTest, WhatALiveProcessHoldsIsLeftAlone) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuJournal held,
                            GpuJournal::Lock(folder_.path(), "GPU-a", "GPU 0", RecordOf("GPU-a").borrower));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers, Restore());
  ASSERT_THAT(leftovers, SizeIs(1));
  EXPECT_EQ(leftovers[0].state, LeftoverState::kHeld);
  EXPECT_FALSE(IsProblem(leftovers[0]));
  EXPECT_THAT(leftovers[0].message, HasSubstr("its settings are held by process 77 (train)"));
  EXPECT_EQ(leftovers[0].record, RecordOf("GPU-a"));
  EXPECT_EQ(PowerLimit(first_), Watts(125));
}

TEST_F(LeftoversTest, AGpuThatIsNotHereKeepsItsJournal) {
  const auto file = folder_.Write("GPU-c.json", ToJournalText(RecordOf("GPU-c")));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers, Restore());
  ASSERT_THAT(leftovers, SizeIs(2));
  EXPECT_EQ(leftovers[0].state, LeftoverState::kRestored);
  EXPECT_EQ(leftovers[1].state, LeftoverState::kNoSuchGpu);
  EXPECT_TRUE(IsProblem(leftovers[1]));
  EXPECT_THAT(leftovers[1].message, HasSubstr("GPU-c (Fake GPU) is not here; process 77"));
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(LeftoversTest, DamagedJournalsAreSetAside) {
  std::string newer = ToJournalText(RecordOf("GPU-a"));
  newer.replace(newer.find("\"version\": 1"), 12, "\"version\": 9");
  const std::string complete = ToJournalText(RecordOf("GPU-a"));
  int number = 1;
  for (const std::string& content : {std::string(), complete.substr(0, 200), newer, std::string(2 << 20, 'x'),
                                     ToJournalText(RecordOf("GPU-b")), std::string("\0\xff", 2), std::string("[]")}) {
    const auto file = folder_.Write("GPU-a.json", content);
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers, Restore());
    ASSERT_THAT(leftovers, SizeIs(1));
    EXPECT_EQ(leftovers[0].state, LeftoverState::kDamaged);
    EXPECT_TRUE(IsProblem(leftovers[0]));
    EXPECT_EQ(leftovers[0].record, std::nullopt);
    EXPECT_THAT(leftovers[0].message, HasSubstr(file.string()));
    const std::string kept = file.string() + ".damaged" + (number == 1 ? "" : "-" + std::to_string(number));
    EXPECT_THAT(leftovers[0].message, HasSubstr("kept as " + kept + ";"));
    EXPECT_EQ(std::filesystem::file_size(kept), content.size());
    ++number;
  }
  EXPECT_EQ(PowerLimit(first_), Watts(125));
}

TEST_F(LeftoversTest, ADamagedJournalOfAGpuThatIsNotHereIsSetAside) {
  const auto file = folder_.Write("GPU-c.json", "{");
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers, Restore());
  ASSERT_THAT(leftovers, SizeIs(2));
  EXPECT_EQ(leftovers[1].state, LeftoverState::kDamaged);
  EXPECT_TRUE(std::filesystem::exists(file.string() + ".damaged"));
}

TEST_F(LeftoversTest, WhatCannotBeRestoredStaysAndTheRestIsRestored) {
  // Locked clocks fail alone: this GPU's memory and graphics clocks cannot be reset.
  FakeGpu stubborn({.info = {.name = "Fake GPU", .uuid = "GPU-a"}, .lacks = {Capability::kLockGraphicsClock}});
  ASSERT_THAT(stubborn.settings().SetPowerLimit(Watts(125)), IsOk());
  const std::array<Gpu*, 1> gpus = {&stubborn};
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers,
                            RestoreLeftovers(folder_.path(), gpus, LeftoverMode::kRestore, Noon));
  ASSERT_THAT(leftovers, SizeIs(1));
  EXPECT_EQ(leftovers[0].state, LeftoverState::kFailed);
  EXPECT_THAT(leftovers[0].message, HasSubstr("cannot restore what process 77 (train)"));
  EXPECT_EQ(PowerLimit(stubborn), Watts(250));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::optional<JournalRecord> rest, ReadJournal(first_file_, "GPU-a"));
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->power_limit, std::nullopt);
  EXPECT_TRUE(rest->graphics_clocks);
  EXPECT_EQ(rest->borrower, RecordOf("GPU-a").borrower);
}

TEST_F(LeftoversTest, ALostGpuIsRestoredOnceItIsBack) {
  first_.FailWith(Error{ErrorCode::kUnavailable, "GPU is lost"});
  ZEUS_ASSERT_OK_AND_ASSIGN(std::vector<Leftover> leftovers, Restore());
  ASSERT_THAT(leftovers, SizeIs(1));
  EXPECT_EQ(leftovers[0].state, LeftoverState::kFailed);
  EXPECT_THAT(leftovers[0].message, HasSubstr("GPU is lost"));
  first_.FailWith(std::nullopt);
  ZEUS_ASSERT_OK_AND_ASSIGN(leftovers, Restore());
  ASSERT_THAT(leftovers, SizeIs(1));
  EXPECT_EQ(leftovers[0].state, LeftoverState::kRestored);
}

TEST_F(LeftoversTest, ForeignFilesAreNamedAndLeftAlone) {
  const auto foreign = folder_.Write("my notes.json", "{}");
  const auto other = folder_.Write("README", "");
  std::filesystem::create_directory(folder_.path() / "GPU-d.json");
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers, Restore());
  ASSERT_THAT(leftovers, SizeIs(3));
  EXPECT_EQ(leftovers[1].state, LeftoverState::kDamaged);
  EXPECT_THAT(leftovers[1].message, HasSubstr("expected a regular file"));
  EXPECT_EQ(leftovers[2].state, LeftoverState::kFailed);
  EXPECT_THAT(leftovers[2].message, HasSubstr("my notes.json: the file's name is no GPU's UUID"));
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

TEST_F(LeftoversTest, AMissingFolderHoldsNothing) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Leftover> leftovers,
                            RestoreLeftovers(folder_.path() / "absent", {}, LeftoverMode::kRestore, Noon));
  EXPECT_THAT(leftovers, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "absent"));
}

TEST_F(LeftoversTest, AFolderThatOthersMayWriteToIsNotObeyed) {
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_THAT(Restore(), IsError(ErrorCode::kPermissionDenied, "writable by others"));
  EXPECT_EQ(PowerLimit(first_), Watts(125));
}

TEST_F(LeftoversTest, StatesHaveNames) {
  EXPECT_EQ(LeftoverStateName(LeftoverState::kToRestore), "to_restore");
  EXPECT_EQ(LeftoverStateName(LeftoverState::kNoSuchGpu), "no_such_gpu");
}

}  // namespace
}  // namespace zeus
