#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "emulator/configuration/configuration.h"
#include "tests/support/result_matchers.h"

namespace zeus::emulator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::zeus::testing::IsError;

std::vector<std::string> Keys(std::string_view list) {
  const Result<std::vector<GpuModel>> gpus = ParseGpuList(list);
  EXPECT_THAT(gpus, testing::IsOk());
  std::vector<std::string> keys;
  if (gpus) {
    for (const GpuModel& gpu : *gpus) keys.push_back(gpu.key);
  }
  return keys;
}

TEST(GpuList, OnePresetIsOneGpu) {
  EXPECT_THAT(Keys("v100"), ElementsAre("v100"));
}

TEST(GpuList, ANumberAfterXCounts) {
  EXPECT_THAT(Keys("v100x4"), ElementsAre("v100", "v100", "v100", "v100"));
  EXPECT_THAT(Keys("v100x1"), ElementsAre("v100"));
}

TEST(GpuList, TheXOfAPresetsNameIsNoCount) {
  EXPECT_THAT(Keys("rtx6000"), ElementsAre("rtx6000"));
  EXPECT_THAT(Keys("rtx6000x2"), ElementsAre("rtx6000", "rtx6000"));
}

TEST(GpuList, KeepsTheOrder) {
  EXPECT_THAT(Keys("v100,h100x2"), ElementsAre("v100", "h100", "h100"));
  EXPECT_THAT(Keys("h100,v100,h100"), ElementsAre("h100", "v100", "h100"));
}

TEST(GpuList, AsManyAsAMachineHolds) {
  EXPECT_EQ(Keys("v100x64").size(), kMaxGpus);
  EXPECT_EQ(Keys("v100x32,a100x32").size(), kMaxGpus);
}

TEST(GpuList, AnUnknownPresetListsTheKnownOnes) {
  const Result<std::vector<GpuModel>> gpus = ParseGpuList("v101");
  EXPECT_THAT(gpus, IsError(ErrorCode::kInvalidArgument, "\"v101\": no GPU model \"v101\": expected one of "));
  for (const GpuModel& preset : Presets()) EXPECT_THAT(gpus.error().message, HasSubstr(preset.key));
}

TEST(GpuList, NamesTheEntryThatIsWrong) {
  EXPECT_THAT(ParseGpuList(""), IsError(ErrorCode::kInvalidArgument, "\"\": no GPU model"));
  EXPECT_THAT(ParseGpuList("v100,"), IsError(ErrorCode::kInvalidArgument, "\"\": no GPU model"));
  EXPECT_THAT(ParseGpuList(",v100"), IsError(ErrorCode::kInvalidArgument, "\"\": no GPU model"));
  EXPECT_THAT(ParseGpuList("v100, a100"), IsError(ErrorCode::kInvalidArgument, "\" a100\": no GPU model"));
  EXPECT_THAT(ParseGpuList("a100,v100x"), IsError(ErrorCode::kInvalidArgument, "\"v100x\": no GPU model"));
  EXPECT_THAT(ParseGpuList("x4"), IsError(ErrorCode::kInvalidArgument, "\"x4\": no GPU model"));
  EXPECT_THAT(ParseGpuList("v100x-1"), IsError(ErrorCode::kInvalidArgument, "\"v100x-1\": no GPU model"));
}

TEST(GpuList, CountsOutsideOneTo64AreRefused) {
  for (const char* list : {"v100x0", "v100x65"}) {
    EXPECT_THAT(ParseGpuList(list),
                IsError(ErrorCode::kInvalidArgument, "\"" + std::string(list) + "\": expected 1 to 64 GPUs"));
  }
  EXPECT_THAT(ParseGpuList("a100x60,v100x5"),
              IsError(ErrorCode::kInvalidArgument, "\"v100x5\": expected 1 to 64 GPUs"));
}

TEST(GpuList, ACountThatOverflowsTheSumIsRefused) {
  EXPECT_THAT(ParseGpuList("v100,v100x18446744073709551615"),
              IsError(ErrorCode::kInvalidArgument, "expected 1 to 64 GPUs"));
  EXPECT_THAT(ParseGpuList("v100x99999999999999999999"), IsError(ErrorCode::kInvalidArgument, "no GPU model"));
}

}  // namespace
}  // namespace zeus::emulator
