#include "zeus/device/amdsmi/amdsmi_status.h"

#include <fmt/format.h>

namespace zeus::amdsmi {
namespace {

std::string_view Word(Status status, Abi abi) {
  switch (status) {
    case 0:
      return "SUCCESS";
    case 1:
      return "INVAL";
    case 2:
      return "NOT_SUPPORTED";
    case 3:
      return "NOT_YET_IMPLEMENTED";
    case 4:
      return "FAIL_LOAD_MODULE";
    case 5:
      return "FAIL_LOAD_SYMBOL";
    case 6:
      return "DRM_ERROR";
    case 7:
      return "API_FAILED";
    case 8:
      return "TIMEOUT";
    case 9:
      return "RETRY";
    case 10:
      return "NO_PERM";
    case 11:
      return "INTERRUPT";
    case 12:
      return "IO";
    case 13:
      return "ADDRESS_FAULT";
    case 14:
      return "FILE_ERROR";
    case 15:
      return "OUT_OF_RESOURCES";
    case 16:
      return "INTERNAL_EXCEPTION";
    case 17:
      return "INPUT_OUT_OF_BOUNDS";
    case 18:
      return "INIT_ERROR";
    case 19:
      return "REFCOUNT_OVERFLOW";
    case 20:
      return "DIRECTORY_NOT_FOUND";
    case 30:
      return "BUSY";
    case 31:
      return "NOT_FOUND";
    case 32:
      return "NOT_INIT";
    case 33:
      return "NO_SLOT";
    case 34:
      return "DRIVER_NOT_LOADED";
    case 39:
      return "MORE_DATA";
    case 40:
      return "NO_DATA";
    case 41:
      return "INSUFFICIENT_SIZE";
    case 42:
      return "UNEXPECTED_SIZE";
    case 43:
      return "UNEXPECTED_DATA";
    case 51:
      return "NO_DRV";
    case 52:
      return "FILE_NOT_FOUND";
    case 53:
      return "ARG_PTR_NULL";
    case 54:
      return "AMDGPU_RESTART_ERR";
    case 55:
      return "SETTING_UNAVAILABLE";
    case 56:
      return "CORRUPTED_EEPROM";
    case 57:
      return abi == Abi::k25 ? "MORE_DATA" : "";
    case 4294967294:
      return "MAP_ERROR";
    case 4294967295:
      return "UNKNOWN_ERROR";
    default:
      return "";
  }
}

}  // namespace

std::string StatusWord(Status status, Abi abi) {
  const std::string_view word = Word(status, abi);
  if (word.empty()) return fmt::format("AMDSMI status {}", status);
  return fmt::format("AMDSMI_STATUS_{}", word);
}

ErrorCode CodeOf(Status status) {
  switch (status) {
    case 1:
    case 17:  // INPUT_OUT_OF_BOUNDS
    case 53:  // ARG_PTR_NULL
      return ErrorCode::kInvalidArgument;
    case 2:
    case 3:
    case 55:  // SETTING_UNAVAILABLE
      return ErrorCode::kFailedPrecondition;
    case 10:
      return ErrorCode::kPermissionDenied;
    default:
      return ErrorCode::kUnavailable;
  }
}

Error StatusError(std::string_view function, std::string_view gpu, Status status, Abi abi) {
  std::string message = fmt::format("{}: {}{}{}", function, gpu, gpu.empty() ? "" : ": ", StatusWord(status, abi));
  if (status == kNoPermission) {
    message += ": this needs root: run as root, or let a service that runs as root do it";
  } else if (status == 34 || status == 51) {
    message += ": load the amdgpu kernel module";
  }
  return Error{CodeOf(status), std::move(message), ErrorLibrary::kAmdSmi, status};
}

}  // namespace zeus::amdsmi
