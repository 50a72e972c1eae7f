#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/http/signing_key.h"
#include "zeus/base/result.h"

/// JSON Web Tokens (RFC 7519) of one kind: compact, signed by HMAC-SHA256, with scopes. Source: the published node
/// daemon.
namespace zeus::http {

struct Claims {
  std::string subject;
  std::vector<std::string> scopes;
  std::optional<int64_t> expires_s;  ///< Since 1970, UTC. Absent: never.

  bool operator==(const Claims&) const = default;
};

std::string IssueToken(const Claims& claims, const SigningKey& key);

/// Why a token is not taken.
struct TokenProblem {
  bool expired = false;
  std::string reason;  ///< In the published words: "InvalidSignature".
};

/// What a token claims, if the key signed it. It counts as expired a minute late, for clocks that differ. One for an
/// audience is not for us; one with a scope that is not known is refused as a whole.
std::expected<Claims, TokenProblem> VerifyToken(std::string_view token, const SigningKey& key, int64_t now_s,
                                                std::span<const std::string> known_scopes);

/// "1h 30m", "7d"; nothing for "never" and "0". Seconds. kInvalidArgument in the published words.
Result<std::optional<int64_t>> ParseLifetime(std::string_view text);

}  // namespace zeus::http
