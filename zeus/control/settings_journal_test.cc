#include "zeus/control/settings_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

const Borrower kMe = {.pid = 7, .command = "test", .since = "2025-01-31T12:00:00Z"};

std::chrono::system_clock::time_point Noon() {
  return std::chrono::sys_days(std::chrono::January / 31 / 2025) + std::chrono::hours(12);
}

Result<GpuJournal> LockIn(const TemporaryFolder& folder, std::string_view uuid = "GPU-1") {
  return GpuJournal::Lock(folder.path(), uuid, "GPU 0 (Fake GPU)", kMe);
}

JournalRecord SomeRecord() {
  return {.uuid = "GPU-1", .gpu_name = "Fake GPU", .borrower = kMe, .power_limit = {{Watts(250), Watts(150)}}};
}

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST(DefaultJournalFolderTest, DependsOnTheUser) {
  EXPECT_EQ(DefaultJournalFolder(0, "/run/user/0"), "/run/zeus/journal");
  EXPECT_EQ(DefaultJournalFolder(1000, "/run/user/1000"), "/run/user/1000/zeus/journal");
  EXPECT_EQ(DefaultJournalFolder(1000, std::nullopt), "/tmp/zeus-journal-1000");
  EXPECT_EQ(DefaultJournalFolder(1000, ""), "/tmp/zeus-journal-1000");
  EXPECT_EQ(DefaultJournalFolder(1000, "relative"), "/tmp/zeus-journal-1000");
}

TEST(ThisProcessTest, NamesThePidCommandAndDate) {
  const Borrower me = ThisProcess(Noon());
  EXPECT_EQ(me.pid, ::getpid());
  EXPECT_THAT(std::string("zeus_control_test"), HasSubstr(me.command));
  EXPECT_GT(me.command.size(), 10U);
  EXPECT_EQ(me.since, "2025-01-31T12:00:00Z");
}

TEST(GpuJournalTest, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(GpuJournal journal, LockIn(folder));
  EXPECT_EQ(journal.file(), folder.path() / "GPU-1.json");
  ZEUS_ASSERT_OK_AND_ASSIGN(std::optional<JournalRecord> read, journal.Read());
  EXPECT_EQ(read, std::nullopt);
  ASSERT_THAT(journal.Write(SomeRecord()), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(read, journal.Read());
  EXPECT_EQ(read, SomeRecord());
  ASSERT_THAT(journal.Remove(), IsOk());
  EXPECT_FALSE(std::filesystem::exists(journal.file()));
  EXPECT_THAT(journal.Remove(), IsOk());
}

TEST(GpuJournalTest, ARecordThatChangesNothingIsNoFile) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(GpuJournal journal, LockIn(folder));
  ASSERT_THAT(journal.Write(SomeRecord()), IsOk());
  ASSERT_THAT(journal.Write(JournalRecord{.uuid = "GPU-1"}), IsOk());
  EXPECT_FALSE(std::filesystem::exists(journal.file()));
}

TEST(GpuJournalTest, HasOneHolder) {
  const TemporaryFolder folder;
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const GpuJournal journal, LockIn(folder));
    EXPECT_THAT(LockIn(folder), IsError(ErrorCode::kFailedPrecondition,
                                        "GPU 0 (Fake GPU): its settings are held by process 7 (test) since "
                                        "2025-01-31T12:00:00Z; wait for it or end it"));
    EXPECT_THAT(LockIn(folder, "GPU-2"), IsOk());
  }
  EXPECT_THAT(LockIn(folder), IsOk());
}

TEST(GpuJournalTest, AHolderThatDidNotSayWhoItIsIsStillOne) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuJournal journal, LockIn(folder));
  std::ofstream(folder.path() / "GPU-1.lock", std::ios::trunc) << "{\"pid\"";
  EXPECT_THAT(LockIn(folder), IsError(ErrorCode::kFailedPrecondition, "held by another process;"));
}

TEST(GpuJournalTest, OthersCannotOpenItsLock) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const GpuJournal journal, LockIn(folder));
  EXPECT_EQ(ModeOf(folder.path() / "GPU-1.lock"), 0600U);
}

TEST(GpuJournalTest, HostileUuidsNameNoFile) {
  const TemporaryFolder folder;
  for (const std::string& uuid :
       {std::string(), std::string("../GPU-1"), std::string("GPU/1"), std::string("."), std::string("GPU\n1"),
        std::string("GPU-1\0x", 7), std::string("GPU_1"), std::string(500, 'x')}) {
    EXPECT_THAT(LockIn(folder, uuid), IsError(ErrorCode::kInvalidArgument, "its UUID cannot name a journal")) << uuid;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(GpuJournalTest, SetsDamagedRecordsAsideAndKeepsThemAll) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(GpuJournal journal, LockIn(folder));
  for (const std::string name : {"GPU-1.json.damaged", "GPU-1.json.damaged-2", "GPU-1.json.damaged-3"}) {
    const auto written = folder.Write("GPU-1.json", name);
    ASSERT_THAT(journal.Read(), IsError(ErrorCode::kInvalidData, "GPU-1.json"));
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::filesystem::path kept, journal.SetAside());
    EXPECT_EQ(kept, folder.path() / name);
    EXPECT_FALSE(std::filesystem::exists(written));
  }
}

TEST(GpuJournalTest, RefusesWhatIsNoJournalOfThisGpu) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(GpuJournal journal, LockIn(folder));
  JournalRecord other = SomeRecord();
  other.uuid = "GPU-2";
  const auto expect = [&](const std::string& content, const std::string& message) {
    const auto written = folder.Write("GPU-1.json", content);
    EXPECT_THAT(journal.Read(), IsError(ErrorCode::kInvalidData, message));
  };
  expect(ToJournalText(other), "GPU-1.json.uuid: expected \"GPU-1\", found \"GPU-2\"");
  expect("", "not valid JSON at byte");
  expect(std::string(2 << 20, ' '), "larger than 1 MiB");
  expect("\xff", "is not UTF-8 text");
  std::filesystem::remove(journal.file());
  ASSERT_EQ(::mkfifo(journal.file().c_str(), 0600), 0);
  EXPECT_THAT(journal.Read(), IsError(ErrorCode::kInvalidData, "expected a regular file"));
}

TEST(GpuJournalTest, RemovesWhatAKilledWriterLeft) {
  const TemporaryFolder folder;
  const auto half = folder.Write("GPU-1.json.a1B2c3", "{");
  const auto damaged = folder.Write("GPU-1.json.damaged", "{");
  const auto other = folder.Write("GPU-12.json.a1B2c3", "{");
  ASSERT_THAT(LockIn(folder), IsOk());
  EXPECT_FALSE(std::filesystem::exists(half));
  EXPECT_TRUE(std::filesystem::exists(damaged));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST(SettingsJournalTest, MakesItsFolderWhateverTheUmask) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0177);
  const Result<SettingsJournal> journal = SettingsJournal::Open(folder.path() / "journal/", Noon);
  ::umask(before);
  ASSERT_THAT(journal, IsOk());
  EXPECT_EQ(journal->folder(), folder.path() / "journal");
  EXPECT_EQ(ModeOf(journal->folder()), ::geteuid() == 0 ? 0755U : 0700U);
  EXPECT_EQ(journal->ThisProcess().since, "2025-01-31T12:00:00Z");
  EXPECT_THAT(SettingsJournal::Open(journal->folder(), Noon), IsOk());
}

TEST(SettingsJournalTest, MakesTheFoldersAbove) {
  const TemporaryFolder folder;
  EXPECT_THAT(SettingsJournal::Open(folder.path() / "a" / "b" / "journal", Noon), IsOk());
}

TEST(SettingsJournalTest, RefusesAFolderThatOthersMayChange) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "journal";
  std::filesystem::create_directory(path);
  ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
  EXPECT_THAT(SettingsJournal::Open(path, Noon), IsError(ErrorCode::kPermissionDenied, "this is writable by others"));
  ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
  std::filesystem::create_directory_symlink(path, folder.path() / "link");
  EXPECT_THAT(SettingsJournal::Open(folder.path() / "link/", Noon),
              IsError(ErrorCode::kPermissionDenied, "this is a symbolic link"));
  if (::chown(path.c_str(), 12345, 12345) == 0) {  // Only root gets here; others cannot be given another's folder.
    EXPECT_THAT(SettingsJournal::Open(path, Noon),
                IsError(ErrorCode::kPermissionDenied, "this is owned by user 12345"));
  }
}

TEST(SettingsJournalTest, AFolderThatCannotBeMadeIsAnError) {
  const TemporaryFolder folder;
  const auto file = folder.Write("file", "");
  EXPECT_THAT(SettingsJournal::Open(file / "journal", Noon),
              IsError(ErrorCode::kUnavailable, "cannot make the folder"));
  EXPECT_THAT(SettingsJournal::Open(file, Noon), IsError(ErrorCode::kPermissionDenied, "this is no folder"));
  EXPECT_THAT(SettingsJournal::Open("/proc/zeus", Noon), IsError(ErrorCode::kUnavailable, "/proc/zeus"));
}

}  // namespace
}  // namespace zeus
