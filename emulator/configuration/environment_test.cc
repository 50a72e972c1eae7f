#include "emulator/configuration/environment.h"

#include <gtest/gtest.h>

#include "emulator/configuration/configuration.h"
#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/dynamic_library.h"

namespace zeus::emulator {
namespace {

using testing::IsError;
using testing::IsOk;

TEST(ConfigurationOfGpus, HoldsTheGpusOfTheList) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string text, ConfigurationOfGpus("v100,h100x2"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const Configuration configuration, ParseConfiguration(text, "list"));
  ASSERT_EQ(configuration.gpus.size(), 3);
  EXPECT_EQ(configuration.gpus[0].key, "v100");
  EXPECT_EQ(configuration.gpus[2].key, "h100");
}

TEST(ConfigurationOfGpus, RefusesAWrongList) {
  EXPECT_THAT(ConfigurationOfGpus("v100x0"), IsError(ErrorCode::kInvalidArgument, "\"v100x0\""));
}

TEST(CopyLibraryWithout, WhatIsTakenOutIsGoneAndTheRestIsThere) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path copy = folder.path() / "libnvidia-ml.so.1";
  ASSERT_THAT(CopyLibraryWithout(ZEUS_EMULATOR_LIBRARY, {"nvmlDeviceGetTemperatureV", "nvmlDeviceGetMemoryInfo"}, copy),
              IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const DynamicLibrary library, DynamicLibrary::Open(copy));
  EXPECT_THAT(library.Symbol("nvmlDeviceGetTemperatureV"), IsError(ErrorCode::kNotFound, "nvmlDeviceGetTemperatureV"));
  EXPECT_THAT(library.Symbol("nvmlDeviceGetMemoryInfo"), IsError(ErrorCode::kNotFound, "nvmlDeviceGetMemoryInfo"));
  // Names that begin like the two.
  EXPECT_THAT(library.Symbol("nvmlDeviceGetTemperature"), IsOk());
  EXPECT_THAT(library.Symbol("nvmlDeviceGetMemoryInfo_v2"), IsOk());
  EXPECT_THAT(library.Symbol("nvmlInit_v2"), IsOk());
  EXPECT_THAT(library.Symbol("zeusEmulatorRunWork"), IsOk());
}

TEST(CopyLibraryWithout, NothingTakenOutIsAPlainCopy) {
  const testing::TemporaryFolder folder;
  ASSERT_THAT(CopyLibraryWithout(ZEUS_EMULATOR_LIBRARY, {}, folder.path() / "copy.so"), IsOk());
  EXPECT_EQ(std::filesystem::file_size(folder.path() / "copy.so"), std::filesystem::file_size(ZEUS_EMULATOR_LIBRARY));
}

TEST(CopyLibraryWithout, AFunctionThatIsNotThereIsNamedAndNothingIsWritten) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path copy = folder.path() / "copy.so";
  EXPECT_THAT(CopyLibraryWithout(ZEUS_EMULATOR_LIBRARY, {"nvmlInit_v2", "nvmlDeviceGetColour"}, copy),
              IsError(ErrorCode::kNotFound, "exports no nvmlDeviceGetColour"));
  EXPECT_FALSE(std::filesystem::exists(copy));
}

TEST(CopyLibraryWithout, ALibraryThatCannotBeReadIsNamed) {
  const testing::TemporaryFolder folder;
  EXPECT_THAT(CopyLibraryWithout(folder.path() / "none.so", {"nvmlInit_v2"}, folder.path() / "copy.so"),
              IsError(ErrorCode::kNotFound, "none.so"));
}

}  // namespace
}  // namespace zeus::emulator
