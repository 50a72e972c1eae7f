#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "zeus/base/result.h"

namespace zeus {

/// Whether the bytes begin as an .xz file does.
bool IsXz(std::string_view bytes);

/// What an .xz file holds. `source` names it in errors: damaged or truncated data, and content beyond `max_bytes` (a
/// small file can hold a very large one).
Result<std::string> DecompressXz(std::string_view bytes, std::string_view source, uint64_t max_bytes);

/// The content as one .xz stream.
Result<std::string> CompressXz(std::string_view content);

}  // namespace zeus
