#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/files.h"
#include "tests/support/run_command.h"
#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

using ::testing::AllOf;
using testing::CommandResult;
using testing::Content;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using testing::TemporaryFolder;

constexpr int kFailure = 1;
constexpr int kWrongUsage = 2;

class TraceCommandTest : public ::testing::Test {
 protected:
  CommandResult Trace(const std::string& arguments) {
    return testing::RunCommand(ZEUS_BINARY " trace " + arguments, folder_.path());
  }

  void Write(const std::string& name, const std::string& content) { (void)folder_.Write(name, content); }

  std::string Read(const std::string& name) { return Content(folder_.path() / name); }

  TemporaryFolder folder_;
};

TEST_F(TraceCommandTest, CheckPrintsProblemsByPlaceAndFails) {
  Write("groups.csv", "group,start_time,end_time,dataset,runtime_ratio\ng,0,x,a,1\ng,0,5,a,0\n");
  const CommandResult result = Trace("check groups.csv");
  EXPECT_EQ(result.exit_code, kFailure);
  EXPECT_EQ(result.output,
            "groups.csv:2:5: end_time: expected a number, found \"x\"\n"
            "groups.csv:3:9: runtime_ratio: expected a number above 0, found \"0\"\n");
  EXPECT_EQ(result.error, "zeus: 2 problems, 0 notes in 1 file\n");
}

TEST_F(TraceCommandTest, NotesFailOnlyWhenStrict) {
  ASSERT_EQ(Trace("generate --out t").exit_code, 0);
  Write("t/groups.csv", "group,start_time,end_time,dataset,runtime_ratio\ng,0,5,unknown,1\n");
  const CommandResult lenient = Trace("check t");
  EXPECT_EQ(lenient.exit_code, 0);
  EXPECT_EQ(lenient.output,
            "t/groups.csv: note: no training row has the data set \"unknown\" of 1 group\n"
            "0 problems, 1 note in 4 files\n");
  EXPECT_THAT(lenient.error, IsEmpty());
  const CommandResult strict = Trace("check --strict t");
  EXPECT_EQ(strict.exit_code, kFailure);
  EXPECT_EQ(strict.error, "zeus: 0 problems, 1 note in 4 files\n");
}

TEST_F(TraceCommandTest, CheckAnswersInJson) {
  Write("bad.csv", "group,start_time,end_time,dataset,runtime_ratio\ng,0,x,a,1\n");
  const CommandResult result = Trace("check --json bad.csv missing.csv");
  EXPECT_EQ(result.exit_code, kFailure);
  const Json document = Json::parse(result.output);
  EXPECT_EQ(document["files"], 2);
  EXPECT_EQ(document["problems"][0]["line"], 2);
  EXPECT_EQ(document["problems"][0]["column"], 5);
  EXPECT_EQ(document["problems"][1]["file"], "missing.csv");
  EXPECT_EQ(document["problems"][1]["line"], nullptr);
  EXPECT_THAT(document["notes"], IsEmpty());
}

TEST_F(TraceCommandTest, GeneratedTracesAreWholeAndTheSameEveryTime) {
  ASSERT_EQ(Trace("generate --out deep/er/t --seed 3").exit_code, 0);
  ASSERT_EQ(Trace("generate --out again --seed 3").exit_code, 0);
  for (const char* name : {"summary_train.csv", "summary_power_synthetic-small.csv", "workloads.csv"}) {
    const std::string content = Read(std::string("again/") + name);
    EXPECT_FALSE(content.empty());
    EXPECT_EQ(content, Read(std::string("deep/er/t/") + name));
  }
}

TEST_F(TraceCommandTest, GenerateReplacesNothingUnasked) {
  ASSERT_EQ(Trace("generate --out t --seed 1").exit_code, 0);
  const std::string before = Read("t/summary_train.csv");
  const CommandResult refused = Trace("generate --out t --seed 2");
  EXPECT_EQ(refused.exit_code, kFailure);
  EXPECT_EQ(refused.error, "zeus: t/summary_train.csv: is there already; --append adds to it, --force replaces it\n");
  EXPECT_EQ(Read("t/summary_train.csv"), before);
  EXPECT_EQ(Trace("generate --out t --seed 2 --force").exit_code, 0);
  EXPECT_NE(Read("t/summary_train.csv"), before);
}

TEST_F(TraceCommandTest, AppendAddsWorkloadsAndGpusAndRefusesContradictions) {
  ASSERT_EQ(Trace("generate --out t --seed 1").exit_code, 0);
  const std::string before = Read("t/summary_train.csv");
  ASSERT_EQ(Trace("generate --out t --append --seed 1 --gpu-preset synthetic-large").exit_code, 0);
  EXPECT_EQ(Read("t/summary_train.csv"), before);
  ASSERT_EQ(Trace("generate --out t --append --preset language").exit_code, 0);
  EXPECT_THAT(Read("t/summary_train.csv"), AllOf(StartsWith(before), HasSubstr("synthetic-text,")));
  const CommandResult other_runs = Trace("generate --out t --append --seed 2");
  EXPECT_EQ(other_runs.exit_code, kWrongUsage);
  EXPECT_THAT(other_runs.error, HasSubstr("t/summary_train.csv: the train trace holds "
                                          "synthetic-images/synthetic-convnet/sgd already"));
  const CommandResult other_power = Trace("generate --out t --append --seed 1 --speed 2");
  EXPECT_EQ(other_power.exit_code, kWrongUsage);
  EXPECT_THAT(other_power.error, HasSubstr("the power trace holds"));
}

TEST_F(TraceCommandTest, WrongParametersAreNamedByTheirFlags) {
  const auto expect_error = [&](const std::string& arguments, const std::string& error) {
    const CommandResult result = Trace(arguments);
    EXPECT_EQ(result.exit_code, kWrongUsage) << arguments;
    EXPECT_THAT(result.error, HasSubstr(error));
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "t"));
  };
  expect_error("generate --out t --run-noise -1", "zeus: --run-noise: expected a number from 0 to 10, found -1");
  expect_error("generate --out t --b0 7", "zeus: --b0: expected one of 16, 32, 64");
  expect_error("generate --out t --min-limit 50", "zeus: --min-limit: expected a number from 81 to ");
  expect_error("generate --out t --preset audio", "zeus: --preset: expected one of vision");
  expect_error("generate --out t --append --force", "zeus: --append keeps what is there");
  expect_error("generate --out t --runs many", "--runs");
  expect_error("generate", "--out is required");
  expect_error("generate-groups --out t --datasets a --overlap 0", "zeus: --overlap: expected a number from 0.001");
  expect_error("generate-groups --out t --datasets a,,b", "zeus: --datasets: ");
  expect_error("", "there are: check, describe, generate, generate-groups");
}

TEST_F(TraceCommandTest, GroupsGoToPlainPackedAndStandardOutputAlike) {
  const std::string flags = " --datasets a,b --groups 3 --submissions 5 --seed 8";
  const CommandResult printed = Trace("generate-groups --out -" + flags);
  EXPECT_EQ(printed.exit_code, 0);
  EXPECT_THAT(printed.output, StartsWith("group,start_time,end_time,dataset,runtime_ratio\n"));
  ASSERT_EQ(Trace("generate-groups --out g.csv" + flags).output, "g.csv: 3 groups of 5 submissions\n");
  EXPECT_EQ(Read("g.csv"), printed.output);
  ASSERT_EQ(Trace("generate-groups --out g.csv.xz" + flags).exit_code, 0);
  const Json document = Json::parse(Trace("describe --json g.csv.xz").output);
  EXPECT_EQ(document["traces"][0]["groups"][0]["submissions"], 15);
  EXPECT_EQ(Trace("check g.csv g.csv.xz").exit_code, 0);
}

TEST_F(TraceCommandTest, GroupsReplaceNothingUnasked) {
  Write("g.csv", "precious");
  const CommandResult refused = Trace("generate-groups --out g.csv --datasets a");
  EXPECT_EQ(refused.exit_code, kFailure);
  EXPECT_EQ(refused.error, "zeus: g.csv: is there already; --force replaces it\n");
  EXPECT_EQ(Read("g.csv"), "precious");
  EXPECT_EQ(Trace("generate-groups --out g.csv --datasets a --force").exit_code, 0);
  EXPECT_NE(Read("g.csv"), "precious");
}

TEST_F(TraceCommandTest, DescribeRefusesWhatIsDamaged) {
  Write("g.csv", "group,start_time,end_time,dataset,runtime_ratio\ng,0,x,a,1\ng,0,y,a,1\n");
  const CommandResult result = Trace("describe g.csv");
  EXPECT_EQ(result.exit_code, kFailure);
  EXPECT_EQ(result.error,
            "zeus: g.csv:2:5: end_time: expected a number, found \"x\" (and 1 more; `zeus trace check` lists them "
            "all)\n");
}

}  // namespace
}  // namespace zeus
