#include "zeus/plugin/load_policy_plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <algorithm>
#include <cstring>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/text_file.h"
#include "zeus/base/version.h"

namespace zeus {
namespace {

using ::testing::Not;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;
using ::zeus::testing::TemporaryFolder;

std::filesystem::path TestPlugin(const std::string& kind) {
  return std::filesystem::path(ZEUS_TEST_PLUGINS) / (kind + ".so");
}

TEST(LoadPolicyPluginTest, TheGoodOneMakesPoliciesThatWork) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const PolicyPlugin plugin, LoadPolicyPlugin(TestPlugin("good")));
  EXPECT_EQ(plugin.name(), "good");
  EXPECT_EQ(plugin.zeus_version(), kVersion);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<BatchSizePolicy> policy, plugin.Make(PolicyOptions{}));
  ZEUS_ASSERT_OK_AND_ASSIGN(const KnobSpace space, KnobSpace::OfBatchSizes({8, 16}));
  JobIdentity job;
  job.max_epochs = 1;
  job.default_batch_size = 16;
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobId id, policy->RegisterJob(job, space));
  ZEUS_ASSERT_OK_AND_ASSIGN(const Proposal proposal, policy->Predict(id));
  EXPECT_EQ(proposal.batch_size, 16);
}

TEST(LoadPolicyPluginTest, MakesAFreshPolicyEachTime) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const PolicyPlugin plugin, LoadPolicyPlugin(TestPlugin("good")));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<BatchSizePolicy> one, plugin.Make(PolicyOptions{}));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<BatchSizePolicy> other, plugin.Make(PolicyOptions{}));
  EXPECT_NE(one, other);
}

TEST(LoadPolicyPluginTest, NoSuchFile) {
  EXPECT_THAT(LoadPolicyPlugin("no/such/plugin.so"), IsError(ErrorCode::kNotFound, "no/such/plugin.so: there is no"));
}

TEST(LoadPolicyPluginTest, AFolder) {
  EXPECT_THAT(LoadPolicyPlugin(ZEUS_TEST_PLUGINS), IsError(ErrorCode::kInvalidData, "is no file"));
}

TEST(LoadPolicyPluginTest, AnEmptyFile) {
  const TemporaryFolder folder;
  EXPECT_THAT(LoadPolicyPlugin(folder.Write("empty.so", "")),
              IsError(ErrorCode::kInvalidData, "is not a shared object"));
}

TEST(LoadPolicyPluginTest, Text) {
  const TemporaryFolder folder;
  EXPECT_THAT(LoadPolicyPlugin(folder.Write("policy.so", "import zeus\n" + std::string(200, '#'))),
              IsError(ErrorCode::kInvalidData, "is not a shared object"));
}

TEST(LoadPolicyPluginTest, AnotherMachine) {
  ZEUS_ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(TestPlugin("good")));
  const size_t machine = 18;
  bytes[machine] = 8;  // MIPS.
  bytes[machine + 1] = 0;
  const TemporaryFolder folder;
  EXPECT_THAT(LoadPolicyPlugin(folder.Write("mips.so", bytes)),
              IsError(ErrorCode::kInvalidData, "is built for another machine (ELF machine 8"));
}

TEST(LoadPolicyPluginTest, AProgram) {
  ZEUS_ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(TestPlugin("good")));
  const size_t type = 16;
  bytes[type] = 2;  // ET_EXEC.
  const TemporaryFolder folder;
  EXPECT_THAT(LoadPolicyPlugin(folder.Write("program", bytes)), IsError(ErrorCode::kInvalidData, "link it with"));
}

// The part of a shared object that is mapped; behind it stand symbols for debuggers, which nobody misses.
size_t LoadedBytes(const std::string& bytes) {
  ElfW(Ehdr) header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  size_t end = 0;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (segment.p_type == PT_LOAD) end = std::max<size_t>(end, segment.p_offset + segment.p_filesz);
  }
  return end;
}

// The loader alone maps such a file and dies of a bus error; each cut must be an error instead.
TEST(LoadPolicyPluginTest, CutOffAnywhere) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(TestPlugin("good")));
  const TemporaryFolder folder;
  for (size_t tenth = 0; tenth < 10; ++tenth) {
    const size_t size = LoadedBytes(bytes) / 10 * tenth;
    EXPECT_THAT(LoadPolicyPlugin(folder.Write("cut.so", std::string_view(bytes).substr(0, size))), Not(IsOk()))
        << size << " bytes";
  }
}

TEST(LoadPolicyPluginTest, GarbageBehindAGoodHeader) {
  ZEUS_ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(TestPlugin("good")));
  const size_t elf_header = 64;
  std::fill(bytes.begin() + elf_header, bytes.end(), '\xa5');
  const TemporaryFolder folder;
  EXPECT_THAT(LoadPolicyPlugin(folder.Write("garbage.so", bytes)),
              IsError(ErrorCode::kInvalidData, "cannot be loaded"));
}

TEST(LoadPolicyPluginTest, NoEntry) {
  EXPECT_THAT(LoadPolicyPlugin(TestPlugin("no_entry")),
              IsError(ErrorCode::kInvalidData, "holds no policy: it has no symbol zeus_batch_size_policy_plugin"));
}

TEST(LoadPolicyPluginTest, AnEntryOfSomethingElse) {
  EXPECT_THAT(LoadPolicyPlugin(TestPlugin("other_magic")), IsError(ErrorCode::kInvalidData, "something else"));
}

TEST(LoadPolicyPluginTest, AnotherVersion) {
  EXPECT_THAT(LoadPolicyPlugin(TestPlugin("other_version")),
              IsError(ErrorCode::kInvalidData, "built for plugin version 999, this program has 3"));
}

TEST(LoadPolicyPluginTest, AnotherLayout) {
  EXPECT_THAT(LoadPolicyPlugin(TestPlugin("other_layout")),
              IsError(ErrorCode::kInvalidData, "other compiler settings than this program, against Zeus 0.0.7"));
}

TEST(LoadPolicyPluginTest, NoName) {
  EXPECT_THAT(LoadPolicyPlugin(TestPlugin("no_name")), IsError(ErrorCode::kInvalidData, "has no name"));
}

TEST(LoadPolicyPluginTest, AFactoryThatGivesNothing) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const PolicyPlugin plugin, LoadPolicyPlugin(TestPlugin("null_factory")));
  EXPECT_THAT(plugin.Make(PolicyOptions{}), IsError(ErrorCode::kInvalidData, "made none"));
}

TEST(LoadPolicyPluginTest, AFactoryThatThrows) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const PolicyPlugin plugin, LoadPolicyPlugin(TestPlugin("throwing_factory")));
  EXPECT_THAT(plugin.Make(PolicyOptions{}), IsError(ErrorCode::kInvalidData, "made none"));
}

}  // namespace
}  // namespace zeus
