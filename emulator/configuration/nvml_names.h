#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zeus::emulator {

/// NVML's error of that name, such as "gpu_is_lost" or "timeout".
std::optional<int> FindErrorCode(std::string_view name);
std::vector<std::string> ErrorNames();

/// What NVML says of a return value.
const char* ErrorText(int code);

}  // namespace zeus::emulator
