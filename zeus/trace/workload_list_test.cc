#include "zeus/trace/workload_list.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using testing::IsError;
using testing::TemporaryFolder;

constexpr const char* kHeader =
    "dataset,network,optimizer,target_metric,max_epochs,default_batch_size,default_learning_rate\n";

TEST(WorkloadListTest, ReadsWhatItWrites) {
  const std::vector<JobIdentity> jobs = {{.workload = {"a,b", "net", "adam"},
                                          .target_metric = 0.5,
                                          .max_epochs = 10,
                                          .default_batch_size = 64,
                                          .default_learning_rate = 1e-4,
                                          .workdir = {}},
                                         {.workload = {"c", "net", "sgd"},
                                          .target_metric = 40,
                                          .max_epochs = 3,
                                          .default_batch_size = 8,
                                          .default_learning_rate = {},
                                          .workdir = {}}};
  Problems problems;
  EXPECT_EQ(ParseWorkloadList(ToCsv(jobs), "list", &problems), jobs);
  EXPECT_THAT(problems, ElementsAre());
}

TEST(WorkloadListTest, NamesThePlaceOfEachProblem) {
  Problems problems;
  ParseWorkloadList(std::string(kHeader) + "a,n,adam,x,10,64,\nb,n,adam,1,0,64,\nc,n,adam,1,10,64,-1\n", "list",
                    &problems);
  EXPECT_THAT(problems, ElementsAre(Field(&Problem::line, 2), Field(&Problem::line, 3), Field(&Problem::line, 4)));
}

TEST(WorkloadListTest, RefusesADataSetNamedTwice) {
  const TemporaryFolder folder;
  const auto file = folder.Write("workloads.csv", std::string(kHeader) + "a,n,adam,1,10,64,\na,m,sgd,2,10,64,\n");
  EXPECT_THAT(ReadWorkloadList(file), IsError(ErrorCode::kInvalidData, "workloads.csv:3: another job"));
}

}  // namespace
}  // namespace zeus
