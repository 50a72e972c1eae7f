#include "services/store/sqlite_store.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

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

}  // namespace
}  // namespace zeus::store
