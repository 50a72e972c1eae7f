#pragma once

#include <map>
#include <string>
#include <string_view>

#include "services/http/message.h"
#include "zeus/base/result.h"
#include "zeus/device/gpu_info.h"

/// The published daemon's answers where something is wrong: some are JSON, some are plain text.
namespace zeus {

http::Response PlainAnswer(int status, std::string_view text);

/// {"error": text}.
http::Response ErrorAnswer(int status, std::string_view text);

/// What one device failed with.
struct DeviceFailure {
  int status = 500;
  std::string text;
};

/// 403 for what the system does not allow, 400 for what cannot be, 500 else.
DeviceFailure FailureOf(const Error& error, GpuVendor vendor);
DeviceFailure CpuFailureOf(const Error& error);

/// {"errors": {"0": text, ...}} with the largest of their statuses. Precondition: there is one.
http::Response FailuresAnswer(const std::map<uint64_t, DeviceFailure>& failures);

}  // namespace zeus
