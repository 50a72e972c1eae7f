#include "zeus/device/amdsmi/amdsmi_status.h"

#include <gtest/gtest.h>

namespace zeus::amdsmi {
namespace {

TEST(AmdSmiStatusTest, CodesTellWhatTheCallerCanDo) {
  EXPECT_EQ(CodeOf(kInvalid), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(17), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(kNotSupported), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(3), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(kNoPermission), ErrorCode::kPermissionDenied);
  for (const Status status : {7U, 8U, 12U, 30U, 31U, 34U, 50U, 1000U, UINT32_MAX}) {
    EXPECT_EQ(CodeOf(status), ErrorCode::kUnavailable) << status;
  }
}

TEST(AmdSmiStatusTest, WordsAreAmdsOwn) {
  EXPECT_EQ(StatusWord(10, Abi::k24), "AMDSMI_STATUS_NO_PERM");
  EXPECT_EQ(StatusWord(UINT32_MAX, Abi::k24), "AMDSMI_STATUS_UNKNOWN_ERROR");
  EXPECT_EQ(StatusWord(57, Abi::k25), "AMDSMI_STATUS_MORE_DATA");
  EXPECT_EQ(StatusWord(57, Abi::k26), "AMDSMI status 57");
  EXPECT_EQ(StatusWord(39, Abi::k26), "AMDSMI_STATUS_MORE_DATA");
}

TEST(AmdSmiStatusTest, MessageNamesFunctionGpuAndStatus) {
  EXPECT_EQ(StatusError("amdsmi_get_power_info", "AMD GPU 0", 12, Abi::k26).message,
            "amdsmi_get_power_info: AMD GPU 0: AMDSMI_STATUS_IO");
  EXPECT_EQ(StatusError("amdsmi_get_socket_handles", "", 7, Abi::k26).message,
            "amdsmi_get_socket_handles: AMDSMI_STATUS_API_FAILED");
}

TEST(AmdSmiStatusTest, ErrorsKeepTheLibrarysNumber) {
  for (const Status status : {1U, 2U, 8U, 10U, 15U, 18U, 31U, 32U, 34U, 41U, 51U, 53U, UINT32_MAX}) {
    const Error error = StatusError("f", "g", status, Abi::k26);
    EXPECT_EQ(error.library, ErrorLibrary::kAmdSmi);
    EXPECT_EQ(error.library_code, int64_t{status});
  }
}

TEST(AmdSmiStatusTest, MessagesSayWhatToDo) {
  EXPECT_EQ(StatusError("f", "g", kNoPermission, Abi::k26).message,
            "f: g: AMDSMI_STATUS_NO_PERM: this needs root: run as root, or let a service that runs as root do it");
  EXPECT_EQ(StatusError("f", "g", 34, Abi::k26).message,
            "f: g: AMDSMI_STATUS_DRIVER_NOT_LOADED: load the amdgpu kernel module");
}

}  // namespace
}  // namespace zeus::amdsmi
