#include "zeus/launcher/run_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <limits>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "tests/support/run_command.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

RunIdentity Identity() {
  RunIdentity identity;
  identity.job = {.workload = {"cifar100", "shufflenetv2", "adadelta"},
                  .target_metric = 0.6,
                  .max_epochs = 100,
                  .default_batch_size = 1024,
                  .default_learning_rate = 0.1,
                  .workdir = "/jobs"};
  return identity;
}

TEST(RunFolderName, SaysWhatTheRunIs) {
  EXPECT_EQ(RunFolderName(Identity(), 30, "20230112174309"),
            "cifar100+shufflenetv2+bs1024+adadelta+lr0.1+tm0.6+me100+x30+eta0.5+beta2.0+20230112174309");
  RunIdentity identity = Identity();
  identity.job.default_learning_rate.reset();
  identity.job.target_metric = 84;
  identity.beta = std::numeric_limits<double>::infinity();
  EXPECT_EQ(RunFolderName(identity, 1, "t"),
            "cifar100+shufflenetv2+bs1024+adadelta+lrNone+tm84.0+me100+x1+eta0.5+betainf+t");
}

TEST(RunFolderName, HasNoStrangeCharacters) {
  RunIdentity identity = Identity();
  identity.job.workload = {"../../etc/passwd", "a b\n\"c\"\xc3\xa9", "$(x)"};
  EXPECT_EQ(RunFolderName(identity, 1, "t"),
            "_._.._etc_passwd+a_b__c___+bs1024+__x_+lr0.1+tm0.6+me100+x1+eta0.5+beta2.0+t");
}

class RunFolderTest : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder_;
};

TEST_F(RunFolderTest, IsMadeWithItsParents) {
  const std::filesystem::path path = folder_.path() / "runs/one";
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunFolder run, RunFolder::Make(path));
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_EQ(run.history_file(), path / "history.json");
  EXPECT_EQ(testing::Content(path / "run.lock"), std::to_string(::getpid()) + "\n");
}

TEST_F(RunFolderTest, MustNotBeThereYet) {
  EXPECT_THAT(RunFolder::Make(folder_.path()), IsError(ErrorCode::kFailedPrecondition, "is there already; go on with"));
}

TEST_F(RunFolderTest, CannotBeMade) {
  const std::filesystem::path file = folder_.Write("file", "");
  EXPECT_THAT(RunFolder::Make(file / "run"),
              IsError(ErrorCode::kUnavailable, "cannot make the folder: Not a directory"));
  EXPECT_THAT(RunFolder::Make(folder_.path() / std::string(300, 'x')),
              IsError(ErrorCode::kUnavailable, "cannot make the folder: File name too long"));
  EXPECT_THAT(RunFolder::Open(folder_.path() / "absent", Seconds(0), nullptr),
              IsError(ErrorCode::kNotFound, "/absent: there is no such folder"));
  EXPECT_THAT(RunFolder::Open(file, Seconds(0), nullptr), IsError(ErrorCode::kNotFound, "there is no such folder"));
}

TEST_F(RunFolderTest, OneWorksInItAtATime) {
  const std::filesystem::path path = folder_.path() / "run";
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const RunFolder first, RunFolder::Make(path));
    const std::string me = "another `zeus run` (process " + std::to_string(::getpid()) + "), or the training";
    EXPECT_THAT(RunFolder::Open(path, Seconds(0.1), nullptr), IsError(ErrorCode::kFailedPrecondition, me));
  }
  EXPECT_THAT(RunFolder::Open(path, Seconds(0), nullptr), IsOk());
}

TEST_F(RunFolderTest, AnInterruptEndsTheWait) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const RunFolder first, RunFolder::Make(folder_.path() / "run"));
  const NotedSignals signals;
  ::raise(SIGTERM);
  EXPECT_THAT(RunFolder::Open(folder_.path() / "run", Seconds(1000), &signals),
              IsError(ErrorCode::kFailedPrecondition, "works here"));
}

}  // namespace
}  // namespace zeus
