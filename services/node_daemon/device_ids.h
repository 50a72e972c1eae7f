#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace zeus {

/// What ids are of.
struct DeviceKind {
  std::string_view name;   ///< "GPU", "CPU".
  std::string_view field;  ///< "gpu_ids", "cpu_ids".
};

inline constexpr DeviceKind kGpuKind{"GPU", "gpu_ids"};
inline constexpr DeviceKind kCpuKind{"CPU", "cpu_ids"};

/// "3, 0,3" is {0, 3}: sorted, each once. The error is in the published words.
std::expected<std::vector<uint64_t>, std::string> ParseDeviceIds(const DeviceKind& kind, std::string_view text);

}  // namespace zeus
