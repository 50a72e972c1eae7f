#include "services/http/bearer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "zeus/base/json_fields.h"

namespace zeus::http {
namespace {

Response Refusal(int status, std::string_view error) {
  const Json json = {{"error", error}};
  return {.status = status, .body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

std::unexpected<Response> Unauthorized(const std::string& realm, std::string_view error) {
  Response response = Refusal(401, error);
  response.headers.emplace_back("WWW-Authenticate", fmt::format("Bearer realm=\"{}\"", realm));
  return std::unexpected(std::move(response));
}

}  // namespace

std::expected<Claims, Response> BearerGuard::Authenticate(const Request& request) const {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string* const header = request.Header("authorization");
  if (header == nullptr || !header->starts_with(kScheme)) {
    return Unauthorized(rules_.realm, "Authentication required. Provide an Authorization: Bearer <token> header.");
  }
  auto claims = VerifyToken(std::string_view(*header).substr(kScheme.size()), key_, rules_.now_s(), rules_.scopes);
  if (claims) return *std::move(claims);
  if (claims.error().expired) return Unauthorized(rules_.realm, "Token has expired.");
  return Unauthorized(rules_.realm, "Invalid token: " + claims.error().reason);
}

std::expected<void, Response> BearerGuard::Require(std::string_view scope, const Request& request) const {
  auto claims = Authenticate(request);
  if (!claims) return std::unexpected(std::move(claims).error());
  if (std::ranges::find(claims->scopes, scope) != claims->scopes.end()) return {};
  return std::unexpected(Refusal(403, fmt::format("Token for user '{}' lacks required scope '{}'. Token scopes: ['{}']",
                                                  claims->subject, scope, fmt::join(claims->scopes, "', '"))));
}

}  // namespace zeus::http
