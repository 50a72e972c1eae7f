#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "services/http/message.h"
#include "services/http/token.h"

namespace zeus::http {

/// Asks requests for a token: "Authorization: Bearer TOKEN" (RFC 6750). Safe to use from any thread.
class BearerGuard {
 public:
  struct Rules {
    std::string realm;
    std::vector<std::string> scopes;  ///< All that a token may have.
    std::function<int64_t()> now_s;   ///< Since 1970, UTC.
  };

  BearerGuard(SigningKey key, Rules rules) : key_(std::move(key)), rules_(std::move(rules)) {}

  /// What the request's token claims, or the 401 that refuses it.
  [[nodiscard]] std::expected<Claims, Response> Authenticate(const Request& request) const;

  /// Nothing, if its token has the scope; or a 401 or 403.
  [[nodiscard]] std::expected<void, Response> Require(std::string_view scope, const Request& request) const;

 private:
  SigningKey key_;
  Rules rules_;
};

}  // namespace zeus::http
