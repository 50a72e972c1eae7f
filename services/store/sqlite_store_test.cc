#include "services/store/sqlite_store.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "tests/support/store_contract.h"

namespace zeus::store {
namespace {

using testing::IsOk;

TEST(SqliteStoreTest, OneProcessAtATimeHasTheFile) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "zeus.db";
  const Result<std::unique_ptr<SqliteStore>> first = SqliteStore::Open(file);
  ASSERT_THAT(first, IsOk());
  const Result<std::unique_ptr<SqliteStore>> second = SqliteStore::Open(file);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST(SqliteStoreTest, FilesThatAreNotOursAreRefusedAndLeftAsTheyAre) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path text = folder.Write("text", std::string(5000, 'x'));
  EXPECT_EQ(SqliteStore::Open(text).error().code, ErrorCode::kInvalidData);
  const std::filesystem::path other = folder.path() / "other.db";
  ASSERT_THAT(SqliteDatabase::Open(other)->Execute("CREATE TABLE birds(name TEXT)"), IsOk());
  EXPECT_EQ(SqliteStore::Open(other).error().code, ErrorCode::kInvalidData);
  const std::filesystem::path newer = folder.path() / "newer.db";
  ASSERT_THAT(SqliteStore::Open(newer), IsOk());
  ASSERT_THAT(SqliteDatabase::Open(newer)->Execute("PRAGMA user_version = 99"), IsOk());
  EXPECT_EQ(SqliteStore::Open(newer).error().code, ErrorCode::kInvalidData);
  EXPECT_EQ(SqliteStore::Open(folder.path() / "nowhere" / "x.db").error().code, ErrorCode::kUnavailable);
}

TEST(SqliteStoreTest, AFileOfTheFirstVersionIsBroughtUp) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "zeus.db";
  const TrialRecord trial = testing::SomeTrial("job", 1);
  {
    const auto store = *SqliteStore::Open(file);
    ASSERT_THAT(store->Atomically([&]() -> Result<void> {
      ZEUS_RETURN_IF_ERROR(store->PutJob(testing::SomeJob("job")));
      return store->PutTrial(trial);
    }),
                IsOk());
  }
  ASSERT_THAT(SqliteDatabase::Open(file)->Execute("ALTER TABLE trials DROP COLUMN renewed_ms; PRAGMA user_version = 1"),
              IsOk());
  const std::optional<TrialRecord> found = *(*SqliteStore::Open(file))->FindTrial("job", 1);
  TrialRecord wanted = trial;
  wanted.renewed_ms = trial.begin_ms;
  EXPECT_EQ(found, wanted);
}

}  // namespace
}  // namespace zeus::store
