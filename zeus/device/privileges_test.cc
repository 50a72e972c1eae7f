#include "zeus/device/privileges.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::zeus::testing::IsError;

Result<Privileges> Read(const std::string& text) {
  const testing::TemporaryFolder folder;
  return ReadPrivileges(folder.Write("status", text));
}

TEST(Privileges, OfThisProcess) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const Privileges privileges, ReadPrivileges());
  EXPECT_EQ(privileges.root, ::geteuid() == 0);
}

TEST(Privileges, SysAdminIsBit21OfTheEffectiveCapabilities) {
  const Result<Privileges> with = Read("Name:\tsh\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000200000\n");
  ASSERT_TRUE(with.has_value());
  EXPECT_FALSE(with->root);
  EXPECT_TRUE(with->sys_admin);
  EXPECT_TRUE(with->MaySet());
  const Result<Privileges> without = Read("Uid:\t1000\t1000\t1000\t1000\nCapEff:\t00000000001fffff\n");
  ASSERT_TRUE(without.has_value());
  EXPECT_FALSE(without->MaySet());
}

TEST(Privileges, TheEffectiveUserCounts) {
  const Result<Privileges> privileges = Read("Uid:\t1000\t0\t1000\t1000\nCapEff:\t0\n");
  ASSERT_TRUE(privileges.has_value());
  EXPECT_TRUE(privileges->root);
}

TEST(Privileges, AFileThatIsNoStatus) {
  for (const char* text : {"", "Uid:\t0\n", "CapEff:\t0\n", "Uid:\t0\tx\nCapEff:\t0\n", "Uid:\t0\t0\nCapEff:\tzz\n"}) {
    EXPECT_THAT(Read(text), IsError(ErrorCode::kInvalidData, "expected a line \"Uid:\"")) << text;
  }
  EXPECT_THAT(ReadPrivileges("/nonexistent/status"), IsError(ErrorCode::kNotFound, "/nonexistent/status"));
}

}  // namespace
}  // namespace zeus
