#include "services/node_daemon/answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

int StatusOf(const Error& error) {
  // nvmlReturn_t and amdsmi_status_t.
  constexpr int64_t kNvmlInvalidArgument = 2;
  constexpr int64_t kNvmlNotSupported = 3;
  constexpr int64_t kNvmlNoPermission = 4;
  constexpr int64_t kAmdInvalid = 1;
  constexpr int64_t kAmdNotSupported = 2;
  constexpr int64_t kAmdNoPermission = 10;
  const int64_t code = error.library_code;
  switch (error.library) {
    case ErrorLibrary::kNvml:
      if (code == kNvmlNoPermission) return 403;
      return code == kNvmlInvalidArgument || code == kNvmlNotSupported ? 400 : 500;
    case ErrorLibrary::kAmdSmi:
      if (code == kAmdNoPermission) return 403;
      return code == kAmdInvalid || code == kAmdNotSupported ? 400 : 500;
    case ErrorLibrary::kNone:
      break;
  }
  if (error.code == ErrorCode::kPermissionDenied) return 403;
  const bool cannot_be = error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kFailedPrecondition;
  return cannot_be ? 400 : 500;
}

}  // namespace

http::Response PlainAnswer(int status, std::string_view text) {
  return {.status = status, .body = std::string(text), .content_type = "text/plain; charset=utf-8"};
}

http::Response ErrorAnswer(int status, std::string_view text) {
  return {.status = status, .body = Dump({{"error", text}})};
}

DeviceFailure FailureOf(const Error& error, GpuVendor vendor) {
  const int status = StatusOf(error);
  // What a library refuses is told in its name; a value that we refuse for it, too.
  const bool refused_value = error.code == ErrorCode::kInvalidArgument;
  if (error.library == ErrorLibrary::kAmdSmi) {
    return {status, fmt::format("AMDSMI error {}: {}", error.library_code, error.message)};
  }
  if (error.library == ErrorLibrary::kNvml || (vendor == GpuVendor::kNvidia && refused_value)) {
    return {status, fmt::format("NVML error: {}{}", refused_value ? "invalid argument: " : "", error.message)};
  }
  return {status, status == 400 ? "Invalid request: " + error.message : error.message};
}

DeviceFailure CpuFailureOf(const Error& error) {
  return {StatusOf(error), error.message};
}

http::Response FailuresAnswer(const std::map<uint64_t, DeviceFailure>& failures) {
  int status = 0;
  Json errors = Json::object();
  for (const auto& [id, failure] : failures) {
    status = std::max(status, failure.status);
    errors[std::to_string(id)] = failure.text;
  }
  return {.status = status, .body = Dump({{"errors", errors}})};
}

}  // namespace zeus
