#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zeus::http {

/// RFC 4648 section 5, without padding.
std::string ToBase64Url(std::string_view bytes);
/// Nothing for a text that ToBase64Url does not write.
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace zeus::http
