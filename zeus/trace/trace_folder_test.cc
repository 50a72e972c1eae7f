#include "zeus/trace/trace_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::TemporaryFolder;

TEST(TraceFolderTest, FindsTheTracesInIt) {
  const TemporaryFolder folder;
  for (const char* name : {"summary_train.csv", "summary_power_v100.csv", "summary_power_a40.csv", "notes.txt",
                           "summary_power_old.csv.bak", "power_p100.csv"}) {
    ASSERT_TRUE(std::filesystem::exists(folder.Write(name, "x")));
  }
  ZEUS_ASSERT_OK_AND_ASSIGN(const TraceFolder traces, TraceFolder::Open(folder.path()));
  EXPECT_EQ(traces.path(), folder.path());
  EXPECT_THAT(traces.gpus(), ElementsAre("a40", "v100"));
  EXPECT_EQ(traces.TrainTracePath(), folder.path() / "summary_train.csv");
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::filesystem::path power, traces.PowerTracePath("v100"));
  EXPECT_EQ(power, folder.path() / "summary_power_v100.csv");
}

TEST(TraceFolderTest, AnUnknownGpuIsAnErrorThatListsTheKnownOnes) {
  const TemporaryFolder folder;
  for (const char* name : {"summary_train.csv", "summary_power_v100.csv", "summary_power_a40.csv"}) {
    ASSERT_TRUE(std::filesystem::exists(folder.Write(name, "x")));
  }
  ZEUS_ASSERT_OK_AND_ASSIGN(const TraceFolder traces, TraceFolder::Open(folder.path()));
  EXPECT_THAT(traces.PowerTracePath("h100"),
              IsError(ErrorCode::kInvalidArgument,
                      folder.path().string() + ": no power trace of GPU \"h100\"; there are: a40, v100"));
}

TEST(TraceFolderTest, AMissingFolderIsNotFound) {
  const TemporaryFolder folder;
  const std::filesystem::path absent = folder.path() / "absent";
  EXPECT_THAT(TraceFolder::Open(absent),
              IsError(ErrorCode::kNotFound, absent.string() + ": cannot read the trace folder: No such file"));
}

TEST(TraceFolderTest, AFileIsNoFolder) {
  const TemporaryFolder folder;
  EXPECT_THAT(TraceFolder::Open(folder.Write("file", "x")), IsError(ErrorCode::kNotFound, "Not a directory"));
}

TEST(TraceFolderTest, EachKindOfTraceMustBeThere) {
  const TemporaryFolder folder;
  EXPECT_THAT(TraceFolder::Open(folder.path()),
              IsError(ErrorCode::kNotFound, folder.path().string() + ": holds no summary_train.csv"));
  ASSERT_TRUE(std::filesystem::exists(folder.Write("summary_train.csv", "x")));
  EXPECT_THAT(TraceFolder::Open(folder.path()),
              IsError(ErrorCode::kNotFound, folder.path().string() + ": holds no summary_power_GPU.csv"));
}

}  // namespace
}  // namespace zeus
