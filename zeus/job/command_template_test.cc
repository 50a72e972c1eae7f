#include "zeus/job/command_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using testing::IsError;

Job MakeJob(std::vector<std::string> command) {
  return {.identity = {.workload = {.dataset = "cifar100", .network = "shufflenetv2", .optimizer = "adam"},
                       .target_metric = 84,
                       .max_epochs = 100,
                       .default_batch_size = 256,
                       .default_learning_rate = 0.001,
                       .workdir = {}},
          .command = std::move(command)};
}

constexpr CommandValues kValues = {.batch_size = 1024, .seed = 18446744073709551615U, .recurrence = 9};

TEST(FillCommandTest, FillsEveryPiece) {
  const Job job = MakeJob({"{bs}", "{batch_size}", "{lr}", "{learning_rate}", "{seed}", "{epoch}", "{epochs}",
                           "{slice_number}", "{target_metric}"});
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> command, FillCommand(job, kValues));
  EXPECT_THAT(command,
              ElementsAre("1024", "1024", "0.002", "0.002", "18446744073709551615", "100", "100", "9", "84.0"));
}

TEST(FillCommandTest, LeavesOtherTextAlone) {
  const std::vector<std::string> same = {"python", "train.py", "--bs={bs}", "{bs}{lr}", "{ bs }", "{BS}",
                                         "{}",     "{other}",  "",          "bs",       "{{bs}}"};
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> command, FillCommand(MakeJob(same), kValues));
  EXPECT_THAT(command, ElementsAreArray(same));
}

TEST(FillCommandTest, AnEmptyCommandStaysEmpty) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> command, FillCommand(MakeJob({}), kValues));
  EXPECT_THAT(command, IsEmpty());
}

TEST(FillCommandTest, TheLearningRateNeedsADefault) {
  Job job = MakeJob({"train", "{lr}"});
  job.identity.default_learning_rate.reset();
  EXPECT_THAT(FillCommand(job, kValues), IsError(ErrorCode::kInvalidArgument, "has no default learning rate"));
  job.command = {"train", "{bs}"};
  EXPECT_THAT(FillCommand(job, kValues), testing::IsOk()) << "only {lr} needs it";
}

TEST(FillCommandTest, TheLearningRateNeedsARule) {
  Job job = MakeJob({"train", "{learning_rate}"});
  job.identity.workload.optimizer = "rmsprop";
  EXPECT_THAT(FillCommand(job, kValues), IsError(ErrorCode::kInvalidArgument, "rmsprop"));
}

TEST(FillCommandTest, AFractionalTargetIsWrittenShort) {
  Job job = MakeJob({"{target_metric}"});
  job.identity.target_metric = 0.84;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> command, FillCommand(job, kValues));
  EXPECT_THAT(command, ElementsAre("0.84"));
}

}  // namespace
}  // namespace zeus
