#include "zeus/trace/trace_check.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/trace/synthetic_cluster.h"
#include "zeus/trace/synthetic_presets.h"
#include "zeus/trace/trace_append.h"
#include "zeus/trace/workload_list.h"
#include "zeus/trace/xz.h"

namespace zeus {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SharedFolder;
using testing::TemporaryFolder;

const std::string kTrainHeader = "dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n";
const std::string kPowerHeader = "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n";
const std::string kGroupsHeader = "group,start_time,end_time,dataset,runtime_ratio\n";
const std::string kListHeader =
    "dataset,network,optimizer,target_metric,max_epochs,default_batch_size,default_learning_rate\n";

// Problems or notes as people see them, with the folder left out.
std::vector<std::string> Texts(const Problems& problems, const std::filesystem::path& folder) {
  std::vector<std::string> texts;
  for (const Problem& problem : problems) {
    std::string text = ToText(problem);
    const std::string prefix = folder.string() + "/";
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
    texts.push_back(std::move(text));
  }
  return texts;
}

class TraceCheckTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_.path() / name, std::ios::binary) << content;
  }

  // A folder in which nothing is wrong or odd.
  void WriteSoundFolder() {
    Write("summary_train.csv", kTrainHeader + "a,n,8,sgd,0.1,1,0.5,3\na,n,16,sgd,0.1,1,0.5,nan\n");
    Write("summary_power_x.csv", kPowerHeader +
                                     "a,n,8,sgd,100,10,90\na,n,8,sgd,200,8,150\n"
                                     "a,n,16,sgd,100,9,95\na,n,16,sgd,200,7,160\n");
    Write("groups.csv", kGroupsHeader + "g1,0,10,a,1.0\n");
    Write("workloads.csv", kListHeader + "a,n,sgd,0.5,10,8,0.1\n");
  }

  TraceCheck CheckFolder() { return CheckFiles({""}); }

  TraceCheck CheckFiles(const std::vector<std::string>& names) {
    std::vector<std::filesystem::path> paths;
    for (const std::string& name : names) paths.push_back(name.empty() ? folder_.path() : folder_.path() / name);
    return CheckTraces(paths);
  }

  std::vector<std::string> ProblemsOf(const TraceCheck& check) { return Texts(check.problems, folder_.path()); }
  std::vector<std::string> NotesOf(const TraceCheck& check) { return Texts(check.notes, folder_.path()); }

  TemporaryFolder folder_;
};

TEST_F(TraceCheckTest, ASoundFolderHasNeitherProblemsNorNotes) {
  WriteSoundFolder();
  Write("history.csv", "gpu,dataset\nx,a\n");  // Something else, passed over.
  const TraceCheck check = CheckFolder();
  EXPECT_THAT(ProblemsOf(check), IsEmpty());
  EXPECT_THAT(NotesOf(check), IsEmpty());
  EXPECT_EQ(check.files, 4U);
}

TEST_F(TraceCheckTest, EveryProblemOfEveryFileComesWithItsPlace) {
  Write("summary_train.csv", kTrainHeader + "a,n,x,sgd,0.1,1,0.5,3\na,n,8,sgd,0.1,1,0.5\na,n,8,sgd,-1,1,zero,0\n");
  Write("summary_power_x.csv", kPowerHeader + "a,n,8,sgd,100,10,-90\n");
  Write("groups.csv", kGroupsHeader + "g1,20,10,a,1.0\n");
  Write("workloads.csv", kListHeader + "a,n,sgd,0.5,0,8,\n");
  EXPECT_THAT(ProblemsOf(CheckFolder()),
              ElementsAre(HasSubstr("groups.csv:2:7: end_time: ends before it starts"),
                          HasSubstr("summary_power_x.csv:2:18: average_power: expected a number above 0"),
                          HasSubstr("summary_train.csv:2:5: batch_size: expected a whole number above 0"),
                          HasSubstr("summary_train.csv:3: expected 8 fields"),
                          HasSubstr("summary_train.csv:4:11: learning_rate: expected a number above 0"),
                          HasSubstr("summary_train.csv:4:16: target_metric: expected a number"),
                          HasSubstr("summary_train.csv:4:21: target_epoch: expected a whole number"),
                          HasSubstr("workloads.csv:2:13: max_epochs: expected a whole number above 0")));
}

TEST_F(TraceCheckTest, UnreadableFilesAreProblemsAndTheOthersAreStillChecked) {
  Write("bad_text.csv", kGroupsHeader + "g1,0,10,\xFF,1.0\n");
  Write("damaged.csv.xz", std::string("\xFD"
                                      "7zXZ\0 and nothing more",
                                      22));
  Write("not.xz", kGroupsHeader);
  Write("empty.csv", "");
  Write("unknown.csv", "a,b\n1,2\n");
  Write("groups.csv", kGroupsHeader + "g1,0,oops,a,1.0\n");
  const TraceCheck check =
      CheckFiles({"missing.csv", "bad_text.csv", "damaged.csv.xz", "not.xz", "empty.csv", "unknown.csv", "groups.csv"});
  EXPECT_THAT(ProblemsOf(check), ElementsAre(HasSubstr("missing.csv: cannot open: "),
                                             AllOf(HasSubstr("bad_text.csv:2:9: byte 0xff is not UTF-8 text")),
                                             HasSubstr("damaged.csv.xz: cannot decompress: "),
                                             HasSubstr("not.xz: is named .xz but is not an .xz file"),
                                             HasSubstr("empty.csv: the file is empty"),
                                             HasSubstr("unknown.csv: its first line is no header that is known here"),
                                             HasSubstr("groups.csv:2:6: end_time: expected a number")));
  EXPECT_EQ(check.files, 7U);
}

TEST_F(TraceCheckTest, AFileWithoutRowsIsAProblem) {
  Write("summary_train.csv", kTrainHeader);
  EXPECT_THAT(ProblemsOf(CheckFiles({"summary_train.csv"})), ElementsAre("summary_train.csv: the file has no rows"));
}

TEST_F(TraceCheckTest, ATrainTraceWithADamagedHeaderIsKnownByItsName) {
  Write("summary_train.csv", "dataset,network\na,n\n");
  EXPECT_THAT(ProblemsOf(CheckFiles({"summary_train.csv"})),
              Contains(HasSubstr("summary_train.csv:1: no column \"target_epoch\"")));
}

TEST_F(TraceCheckTest, PackedGroupsAreCheckedLikePlainOnes) {
  const auto packed = CompressXz(kGroupsHeader + "g1,0,10,a,-1.0\n");
  ASSERT_TRUE(packed.has_value());
  Write("groups.csv.xz", *packed);
  EXPECT_THAT(ProblemsOf(CheckFiles({"groups.csv.xz"})), ElementsAre(HasSubstr("groups.csv.xz:2:11: runtime_ratio")));
}

TEST_F(TraceCheckTest, OnlyGroupsMayBePacked) {
  const auto packed = CompressXz(kTrainHeader + "a,n,8,sgd,0.1,1,0.5,3\n");
  ASSERT_TRUE(packed.has_value());
  Write("summary_train.csv", *packed);
  EXPECT_THAT(ProblemsOf(CheckFiles({"summary_train.csv"})), ElementsAre(HasSubstr("may be compressed")));
}

TEST_F(TraceCheckTest, AFolderNeedsBothTrainAndPowerTraces) {
  EXPECT_THAT(Texts(CheckFolder().problems, {}),
              ElementsAre(EndsWith(": holds no summary_train.csv"), EndsWith(": holds no summary_power_GPU.csv")));
  Write("summary_train.csv", kTrainHeader + "a,n,8,sgd,0.1,1,0.5,3\n");
  EXPECT_THAT(Texts(CheckFolder().problems, {}), ElementsAre(EndsWith(": holds no summary_power_GPU.csv")));
}

TEST_F(TraceCheckTest, AFolderOfGroupsNeedsNoTraces) {
  Write("groups.csv", kGroupsHeader + "g1,0,10,a,1.0\n");
  EXPECT_THAT(CheckFolder().problems, IsEmpty());
}

TEST_F(TraceCheckTest, RowsThatDoNotJoinAreNoted) {
  WriteSoundFolder();
  Write("summary_power_x.csv", kPowerHeader +
                                   "\na,n,8,sgd,100,10,90\na,n,32,sgd,100,9,95\n"
                                   "b,n,8,sgd,100,9,95\nb,n,16,sgd,100,9,95\n");
  EXPECT_THAT(NotesOf(CheckFolder()),
              ElementsAre("summary_power_x.csv:4: no training row joins 1 row of a/n/sgd: batch size 32",
                          "summary_power_x.csv:5: no training row joins 2 rows of b/n/sgd: batch sizes 8, 16",
                          "summary_power_x.csv: training rows of a/n/sgd have no power here: batch size 16"));
}

TEST_F(TraceCheckTest, MissingPowerLimitsAreNoted) {
  WriteSoundFolder();
  Write("summary_train.csv", kTrainHeader + "a,n,8,sgd,0.1,1,0.5,3\na,n,16,sgd,0.1,1,0.5,3\nb,n,8,sgd,0.1,1,0.5,3\n");
  Write("summary_power_x.csv", kPowerHeader +
                                   "a,n,8,sgd,100,10,90\na,n,8,sgd,150,10,90\na,n,8,sgd,200,8,150\n"
                                   "a,n,16,sgd,150,9,95\nb,n,8,sgd,100,10,90\nb,n,8,sgd,200,8,150\n");
  EXPECT_THAT(NotesOf(CheckFolder()),
              ElementsAre("summary_power_x.csv:5: batch size 16 of a/n/sgd has 1 of the 3 power limits of the "
                          "workload: 100, 200 W missing",
                          "summary_power_x.csv:6: b/n/sgd has 2 of the 3 power limits of the GPU: 150 W missing"));
}

TEST_F(TraceCheckTest, TargetsThatNoRunReachesAreNoted) {
  WriteSoundFolder();
  Write("summary_train.csv", kTrainHeader +
                                 "a,n,8,sgd,0.1,1,0.5,3\na,n,8,sgd,0.1,1,0.6,nan\n"
                                 "a,n,16,sgd,0.1,1,0.6,\na,n,16,sgd,0.1,1,0.7,\n");
  EXPECT_THAT(NotesOf(CheckFolder()),
              ElementsAre("summary_train.csv:3: no run of a/n/sgd reaches target metric 0.6, 0.7"));
}

TEST_F(TraceCheckTest, GroupsAndJobsThatTheTracesDoNotHoldAreNoted) {
  WriteSoundFolder();
  Write("groups.csv", kGroupsHeader + "g1,0,10,a,1.0\ng2,0,10,b,1.0\ng3,0,10,b,1.0\n");
  Write("workloads.csv", kListHeader +
                             "a,m,sgd,0.5,10,8,0.1\n"
                             "b,n,sgd,0.5,10,8,0.1\n");
  EXPECT_THAT(NotesOf(CheckFolder()), ElementsAre("groups.csv: no training row has the data set \"b\" of 2 groups",
                                                  "workloads.csv:2: no training row is of a/m/sgd",
                                                  "workloads.csv:3: no training row is of b/n/sgd"));
}

TEST_F(TraceCheckTest, JobsThatCannotReachTheirTargetAreNoted) {
  WriteSoundFolder();
  const auto note = [&](const std::string& job) {
    Write("workloads.csv", kListHeader + job);
    return NotesOf(CheckFolder());
  };
  EXPECT_THAT(note("a,n,sgd,0.7,10,8,\n"),
              ElementsAre("workloads.csv:2: no training row of a/n/sgd has target metric 0.7"));
  EXPECT_THAT(note("a,n,sgd,0.5,10,9,\n"),
              ElementsAre("workloads.csv:2: no training row of a/n/sgd has the default batch size 9"));
  EXPECT_THAT(note("a,n,sgd,0.5,10,16,\n"),
              ElementsAre("workloads.csv:2: no run of a/n/sgd at the default batch size 16 reaches target metric 0.5"));
}

TEST_F(TraceCheckTest, FilesWithProblemsAreNotHeldAgainstOthers) {
  WriteSoundFolder();
  Write("summary_train.csv", kTrainHeader + "a,n,8,sgd,0.1,1,0.5,3\na,n,sixteen,sgd,0.1,1,0.5,nan\n");
  const TraceCheck check = CheckFolder();
  EXPECT_EQ(check.problems.size(), 1U);
  EXPECT_THAT(NotesOf(check), IsEmpty());
}

TEST_F(TraceCheckTest, FilesNamedOneByOneAreHeldAgainstEachOther) {
  WriteSoundFolder();
  Write("summary_power_x.csv", kPowerHeader + "a,n,8,sgd,100,10,90\nb,n,8,sgd,100,10,90\n");
  EXPECT_THAT(NotesOf(CheckFiles({"summary_power_x.csv"})), IsEmpty());
  EXPECT_THAT(NotesOf(CheckFiles({"summary_power_x.csv", "summary_train.csv"})),
              Contains("summary_power_x.csv:3: no training row joins 1 row of b/n/sgd: batch size 8"));
}

TEST_F(TraceCheckTest, GeneratedTracesHaveNeitherProblemsNorNotes) {
  std::string train;
  std::string list;
  std::string power;
  std::vector<std::string> datasets;
  for (const SyntheticPreset& preset : SyntheticPresets()) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const TrainTrace more_train, GenerateTrainTrace(preset.workload, 9));
    ZEUS_ASSERT_OK_AND_ASSIGN(const PowerTrace more_power, GeneratePowerTrace(preset.workload, {}));
    ZEUS_ASSERT_OK_AND_ASSIGN(train, AppendToCsv(train, "train", more_train));
    ZEUS_ASSERT_OK_AND_ASSIGN(power, AppendToCsv(power, "power", more_power));
    ZEUS_ASSERT_OK_AND_ASSIGN(list, AppendToCsv(list, "list", DefaultJob(preset.workload)));
    datasets.push_back(preset.workload.workload.dataset);
  }
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto groups, GenerateClusterGroups({.datasets = datasets}, 9));
  Write("summary_train.csv", train);
  Write("summary_power_x.csv", power);
  Write("workloads.csv", list);
  Write("groups.csv", ToCsv(groups));
  const TraceCheck check = CheckFolder();
  EXPECT_EQ(check.files, 4U);
  EXPECT_THAT(ProblemsOf(check), IsEmpty());
  EXPECT_THAT(NotesOf(check), IsEmpty());
}

TEST(PublishedTracesTest, HaveNoProblemsAndTheirOdditiesAreNoted) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  const std::filesystem::path folder = SharedFolder() / "traces";
  const TraceCheck check = CheckTraces(std::vector{folder});
  EXPECT_EQ(check.files, 5U);
  EXPECT_THAT(Texts(check.problems, folder), IsEmpty());
  const std::vector<std::string> notes = Texts(check.notes, folder);
  EXPECT_THAT(notes, Contains(AllOf(HasSubstr("summary_power_v100.csv:"),
                                    HasSubstr("no training row joins 70 rows of cifar100/shufflenetv2/adam: "))));
  EXPECT_THAT(notes, Contains(AllOf(HasSubstr("summary_power_a40.csv:"),
                                    HasSubstr("sentiment140/bert_base_uncased/adamw has 5 of the 9 power limits"))));
  EXPECT_THAT(notes, Contains(AllOf(HasSubstr("summary_power_rtx6000.csv:"),
                                    HasSubstr("batch size 4 of movielens-1m/ncf/adam has 2 of the 8 power limits"))));
  EXPECT_THAT(notes, Contains("summary_train.csv:15: no run of cifar100/shufflenetv2/adadelta reaches target metric "
                              "0.7, 0.75, 0.8, 0.85, 0.9, 0.95"));
}

TEST(PublishedTracesTest, GoldenGroupsHaveNoProblems) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  const std::filesystem::path folder = SharedFolder() / "golden";
  const TraceCheck check = CheckTraces(
      std::vector{folder / "cluster_groups.csv", folder / "cluster_groups.csv.xz", SharedFolder() / "traces"});
  EXPECT_EQ(check.files, 7U);
  EXPECT_THAT(Texts(check.problems, folder), IsEmpty());
}

}  // namespace
}  // namespace zeus
