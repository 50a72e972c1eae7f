#include "services/node_daemon/command_overrides.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

std::string ProblemOf(const std::string& text) {
  const Result<CommandOverrides> overrides = CommandOverrides::Parse(text, "o.toml");
  return overrides ? "" : overrides.error().message;
}

// What running the power limit's override says: empty for success.
std::string Outcome(const std::string& table, const SettingChange& change = PowerLimitChange{Watts(150.5)}) {
  const Result<CommandOverrides> overrides = CommandOverrides::Parse(table, "o.toml");
  if (!overrides) return overrides.error().message;
  const auto ran = overrides->Run(3, change);
  if (!ran) return "nothing";
  return *ran ? "" : ran->error().message;
}

TEST(CommandOverrides, WrongFilesAreToldWithTheirPlace) {
  EXPECT_THAT(
      ProblemOf("[set_power_limit]\ncommands = []"),
      HasSubstr("o.toml:2:12: set_power_limit.commands: Operation 'set_power_limit' has an empty commands array"));
  for (const auto& [table, problem] : {
           std::pair("commands = ['']", "has a command that splits to zero tokens"),
           std::pair("commands = [\"a 'b\"]", "has a command that cannot be split: a quote is not closed"),
           std::pair("commands = ['a {enabled}']", "has unknown placeholder 'enabled' in token '{enabled}'"),
           std::pair("commands = ['a {}']", "has unknown placeholder '' in token '{}'"),
           std::pair("commands = ['a {gpu_id']", "has an invalid placeholder in token '{gpu_id'"),
           std::pair("commands = ['a}']", "has an invalid placeholder in token 'a}'"),
           std::pair("commands = ['a {{gpu_id}}']", "has an invalid placeholder in token '{{gpu_id}}'"),
           std::pair("commands = ['a']\ntimeout_s = 0",
                     "has timeout_s = 0, which would kill every command immediately"),
           std::pair("commands = ['a']\nerror_pattern = '('", "has invalid error_pattern '('"),
           std::pair("commands = ['a']\ntimeout = 1", "timeout: there is no such key"),
           std::pair("timeout_s = 1", "is missing"),
           std::pair("commands = 'a'", "expected a list of texts"),
       }) {
    EXPECT_THAT(ProblemOf(std::string("[set_power_limit]\n") + table), HasSubstr(problem));
  }
  EXPECT_THAT(ProblemOf("[set_fan]\ncommands = ['a']"), HasSubstr("set_fan: there is no such key"));
  EXPECT_TRUE(CommandOverrides::Parse("", "o.toml")->empty());
}

TEST(CommandOverrides, PlaceholdersAreFilledAfterTheCommandIsSplit) {
  const testing::TemporaryFolder folder;
  const std::string file = (folder.path() / "log").string();
  const std::string log =
      R"([ "sh -c 'echo \"$0 $1 $2\" >> )" + file + R"(' {gpu_id} {power_limit_mw} x{power_limit_w}y" ])";
  EXPECT_EQ(Outcome("[set_power_limit]\ncommands = " + log), "");
  EXPECT_EQ(*ReadFile(file), "3 150500 x150y\n");
  EXPECT_EQ(
      Outcome("[set_persistence_mode]\ncommands = ['test {enabled} = 1']", PersistenceChange{PersistenceMode::kOn}),
      "");
  EXPECT_EQ(Outcome("[set_mem_locked_clocks]\ncommands = ['test {min_clock_mhz}-{max_clock_mhz} = 5-7']",
                    ClockLock{ClockDomain::kMemory, {Megahertz(5), Megahertz(7)}}),
            "");
  EXPECT_EQ(Outcome("[reset_locked_clocks]\ncommands = ['false']"), "nothing");
}

TEST(CommandOverrides, TheFirstThatFailsEndsIt) {
  EXPECT_EQ(Outcome(R"([set_power_limit]
commands = ["true", "sh -c 'echo a; echo b >&2; exit 4'", "sh -c 'exit 5'"])"),
            "Override command failed: command 'sh -c 'echo a; echo b >&2; exit 4'' exited with code 4; stdout: a\n; "
            "stderr: b\n");
  EXPECT_THAT(Outcome("[set_power_limit]\ncommands = ['/absent/program']"),
              HasSubstr("could not be spawned: No such file"));
  EXPECT_THAT(Outcome("[set_power_limit]\ncommands = ['sleep 60']\ntimeout_s = 1"), HasSubstr("timed out after 1s"));
  EXPECT_THAT(Outcome("[set_power_limit]\ncommands = [\"sh -c 'kill -9 $$'\"]"),
              HasSubstr("was terminated abnormally (signal: 9 (SIGKILL))"));
}

TEST(CommandOverrides, APatternMakesASuccessAFailure) {
  EXPECT_THAT(Outcome("[set_power_limit]\ncommands = [\"sh -c 'echo fine; echo Not allowed >&2'\"]\n"
                      "error_pattern = '(?i)not\\s+ALLOWED'"),
              HasSubstr("succeeded but its output matched error_pattern '(?i)not\\s+ALLOWED'"));
  EXPECT_EQ(Outcome("[set_power_limit]\ncommands = ['echo fine']\nerror_pattern = 'error|failed'"), "");
  EXPECT_THAT(Outcome("[set_power_limit]\ncommands = [\"sh -c 'setsid sleep 5 & echo fine'\"]\nerror_pattern = 'x'"),
              HasSubstr("output could not be collected"));
  EXPECT_EQ(Outcome("[set_power_limit]\ncommands = [\"sh -c 'setsid sleep 5 & echo fine'\"]"), "");
}

TEST(CommandOverrides, AFileThatOthersMayWriteIsNotTrusted) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "o.toml";
  std::ofstream(file) << "[set_power_limit]\ncommands = ['true']\n";
  std::vector<std::string> notes;
  ::chmod(file.c_str(), 0600);
  EXPECT_THAT(CommandOverrides::Read(file, notes), IsOk());
  EXPECT_TRUE(notes.empty());
  ::chmod(file.c_str(), 0660);
  EXPECT_THAT(CommandOverrides::Read(file, notes), IsOk());
  EXPECT_EQ(notes.size(), 1U);
  ::chmod(file.c_str(), 0606);
  EXPECT_EQ(CommandOverrides::Read(file, notes).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(CommandOverrides::Read(folder.path() / "absent", notes).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace zeus
