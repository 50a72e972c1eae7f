#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "tests/support/run_command.h"
#include "zeus/base/text_file.h"
#include "zeus/trace/xz.h"

namespace zeus {
namespace {

using testing::CommandResult;
using testing::Content;
using ::testing::HasSubstr;
using testing::RunCommand;
using testing::TemporaryFolder;

const std::filesystem::path kSource = ZEUS_SOURCE;
const std::filesystem::path kTraces = kSource / "traces";

// The commands in the README, with the program that was built now.
std::vector<std::string> ReadmeCommands() {
  std::istringstream readme(Content(kTraces / "README.md"));
  std::vector<std::string> commands;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("zeus ")) commands.push_back(ZEUS_BINARY + line.substr(4));
  }
  return commands;
}

std::set<std::string> Names(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

// What is packed is compared unpacked: another liblzma may pack the same bytes differently.
std::string Unpacked(const std::filesystem::path& file) {
  std::string bytes = Content(file);
  if (file.extension() != ".xz") return bytes;
  const Result<std::string> content = DecompressXz(bytes, file.string(), kMaxFileBytes);
  EXPECT_THAT(content, testing::IsOk());
  return content.value_or("");
}

TEST(ShippedTracesTest, TheCommandsInTheReadmeMakeEveryFile) {
  const TemporaryFolder folder;
  const std::vector<std::string> commands = ReadmeCommands();
  ASSERT_GE(commands.size(), 5U);
  for (const std::string& command : commands) {
    const CommandResult result = RunCommand(command, folder.path());
    ASSERT_EQ(result.exit_code, 0) << command << "\n" << result.error;
  }
  std::set<std::string> shipped = Names(kTraces);
  EXPECT_EQ(shipped.erase("README.md"), 1U);
  EXPECT_EQ(Names(folder.path() / "traces"), shipped);
  for (const std::string& name : shipped) {
    EXPECT_EQ(Unpacked(folder.path() / "traces" / name), Unpacked(kTraces / name)) << name;
  }
}

TEST(ShippedTracesTest, HaveNeitherProblemsNorNotes) {
  const CommandResult result = RunCommand(ZEUS_BINARY " trace check --strict traces", kSource);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(result.output, "0 problems, 0 notes in 5 files\n");
}

TEST(ShippedTracesTest, CanBeSimulatedByName) {
  for (const char* gpu : {"synthetic-small", "synthetic-large"}) {
    for (const char* workload : {"synthetic-images", "synthetic-text", "synthetic-clicks"}) {
      const CommandResult result = RunCommand(
          std::string(ZEUS_BINARY " simulate --traces traces --workload ") + workload + " --gpu " + gpu, kSource);
      EXPECT_EQ(result.exit_code, 0) << result.error;
      EXPECT_THAT(result.output, HasSubstr("batch size"));
    }
  }
}

TEST(ShippedTracesTest, GroupsCanBeSimulated) {
  const CommandResult result = RunCommand(
      ZEUS_BINARY " simulate-cluster --traces traces --groups traces/groups.csv.xz --gpu synthetic-small", kSource);
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.output, HasSubstr("synthetic-clicks"));
}

}  // namespace
}  // namespace zeus
