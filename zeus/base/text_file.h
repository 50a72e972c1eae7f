#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "zeus/base/result.h"

namespace zeus {

/// No file that Zeus reads whole is meant to be larger than this; one that is is refused with a clear error.
inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;

/// The bytes of a regular file or pipe. Errors name the file and what the system said.
Result<std::string> ReadFile(const std::filesystem::path& path, uint64_t max_bytes = kMaxFileBytes);

/// Like ReadFile, and the bytes are UTF-8: a leading byte-order mark is dropped; anything else is an error with its
/// line and column.
Result<std::string> ReadTextFile(const std::filesystem::path& path, uint64_t max_bytes = kMaxFileBytes);

/// The checks of ReadTextFile on bytes from elsewhere; `source` names them in errors.
Result<std::string> ToText(std::string bytes, std::string_view source);

/// Replaces `path` as a whole: readers see the old content or the new, and a crash leaves one of the two.
Result<void> WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

}  // namespace zeus
