#include "emulator/configuration/nvml_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zeus::emulator {
namespace {

TEST(NvmlNames, AreTheCodesOfTheReference) {
  EXPECT_EQ(FindErrorCode("invalid_argument"), 2);
  EXPECT_EQ(FindErrorCode("timeout"), 10);
  EXPECT_EQ(FindErrorCode("gpu_is_lost"), 15);
  EXPECT_EQ(FindErrorCode("unknown"), 999);
  EXPECT_STREQ(ErrorText(15), "GPU is lost");
}

TEST(NvmlNames, EveryErrorHasACodeAndAText) {
  EXPECT_GT(ErrorNames().size(), 20U);
  for (const std::string& name : ErrorNames()) {
    ASSERT_TRUE(FindErrorCode(name).has_value()) << name;
    EXPECT_NE(*FindErrorCode(name), 0) << name;
    EXPECT_EQ(ErrorText(*FindErrorCode(name)) == std::string_view("Unknown Error"), name == "unknown") << name;
  }
}

TEST(NvmlNames, SuccessAndInventionsAreNoErrors) {
  EXPECT_FALSE(FindErrorCode("success").has_value());
  EXPECT_FALSE(FindErrorCode("gpu").has_value());
  EXPECT_FALSE(FindErrorCode("").has_value());
  EXPECT_STREQ(ErrorText(0), "Success");
  EXPECT_STREQ(ErrorText(12345), "Unknown Error");
}

}  // namespace
}  // namespace zeus::emulator
