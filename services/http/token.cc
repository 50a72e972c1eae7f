#include "services/http/token.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "services/http/base64url.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"

namespace zeus::http {
namespace {

constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"HS256"})";
constexpr int64_t kLeewaySeconds = 60;
constexpr int64_t kLongestSeconds = int64_t{1} << 40;

std::unexpected<TokenProblem> Invalid(std::string reason) {
  return std::unexpected(TokenProblem{.reason = std::move(reason)});
}

std::expected<Json, TokenProblem> PartOf(std::string_view text) {
  const std::optional<std::string> bytes = FromBase64Url(text);
  if (!bytes) return Invalid("Base64 error");
  Result<Json> json = ParseJson(*bytes, "token");
  if (!json) return Invalid("JSON error: " + json.error().message);
  if (!json->is_object()) return Invalid("JSON error: expected an object");
  return *std::move(json);
}

std::expected<Claims, TokenProblem> ClaimsOf(const Json& json, std::span<const std::string> known_scopes) {
  Claims claims;
  const auto subject = json.find("sub");
  if (subject == json.end() || !subject->is_string()) return Invalid("JSON error: missing field `sub`");
  claims.subject = subject->get<std::string>();
  const auto scopes = json.find("scopes");
  if (scopes == json.end() || !scopes->is_array()) return Invalid("JSON error: missing field `scopes`");
  for (const Json& scope : *scopes) {
    if (!scope.is_string()) return Invalid("JSON error: a scope is no text");
    const auto name = scope.get<std::string>();
    if (std::ranges::find(known_scopes, name) == known_scopes.end()) {
      return Invalid(
          fmt::format("JSON error: unknown variant `{}`, expected one of {}", name, fmt::join(known_scopes, ", ")));
    }
    claims.scopes.push_back(name);
  }
  const auto expires = json.find("exp");
  if (expires == json.end() || expires->is_null()) return claims;
  if (!expires->is_number_unsigned() || expires->get<uint64_t>() > INT64_MAX) {
    return Invalid("JSON error: `exp` is no whole number of seconds");
  }
  claims.expires_s = expires->get<int64_t>();
  return claims;
}

std::optional<int64_t> UnitOf(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int64_t>, 21> kUnits = {
      {{"s", 1},      {"sec", 1},       {"secs", 1},      {"second", 1},   {"seconds", 1}, {"m", 60},
       {"min", 60},   {"mins", 60},     {"minute", 60},   {"minutes", 60}, {"h", 3600},    {"hr", 3600},
       {"hrs", 3600}, {"hour", 3600},   {"hours", 3600},  {"d", 86400},    {"day", 86400}, {"days", 86400},
       {"w", 604800}, {"week", 604800}, {"weeks", 604800}}};
  const auto* const unit = std::ranges::find(kUnits, name, [](const auto& each) { return each.first; });
  if (unit == kUnits.end()) return std::nullopt;
  return unit->second;
}

bool IsDigit(char character) {
  return character >= '0' && character <= '9';
}

// Nothing where it is none.
std::optional<int64_t> SecondsOf(std::string_view text) {
  int64_t seconds = 0;
  while (!text.empty()) {
    const auto digits = static_cast<size_t>(std::ranges::find_if_not(text, IsDigit) - text.begin());
    const std::optional<uint64_t> count = ParseUnsigned(text.substr(0, digits));
    text.remove_prefix(digits);
    const size_t end = text.find_first_of(" 0123456789");
    const std::optional<int64_t> unit = UnitOf(text.substr(0, end));
    if (!count || !unit || *count > static_cast<uint64_t>(kLongestSeconds / *unit)) return std::nullopt;
    seconds += static_cast<int64_t>(*count) * *unit;
    if (seconds > kLongestSeconds) return std::nullopt;
    text.remove_prefix(std::min(end, text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }
  return seconds;
}

}  // namespace

std::string IssueToken(const Claims& claims, const SigningKey& key) {
  Json payload = {{"sub", claims.subject}, {"scopes", claims.scopes}};
  if (claims.expires_s) payload["exp"] = *claims.expires_s;
  const std::string message =
      ToBase64Url(kHeader) + "." + ToBase64Url(payload.dump(-1, ' ', false, Json::error_handler_t::replace));
  return message + "." + ToBase64Url(key.Sign(message));
}

std::expected<Claims, TokenProblem> VerifyToken(std::string_view token, const SigningKey& key, int64_t now_s,
                                                std::span<const std::string> known_scopes) {
  if (std::ranges::count(token, '.') != 2) return Invalid("InvalidToken");
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  const auto header = PartOf(token.substr(0, first));
  if (!header) return std::unexpected(header.error());
  const auto algorithm = header->find("alg");
  if (algorithm == header->end() || *algorithm != "HS256") return Invalid("InvalidAlgorithm");
  const std::optional<std::string> signature = FromBase64Url(token.substr(last + 1));
  if (!signature || !key.IsSignature(*signature, token.substr(0, last))) return Invalid("InvalidSignature");
  const auto payload = PartOf(token.substr(first + 1, last - first - 1));
  if (!payload) return std::unexpected(payload.error());
  const auto claims = ClaimsOf(*payload, known_scopes);
  if (!claims) return claims;
  if (claims->expires_s && *claims->expires_s < now_s - kLeewaySeconds) {
    return std::unexpected(TokenProblem{.expired = true, .reason = "ExpiredSignature"});
  }
  if (payload->contains("aud")) return Invalid("InvalidAudience");
  return claims;
}

Result<std::optional<int64_t>> ParseLifetime(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  if (lower == "never" || lower == "0") return std::nullopt;
  const std::optional<int64_t> seconds = lower.empty() ? std::nullopt : SecondsOf(lower);
  if (!seconds) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("Invalid duration '{}'. Use e.g. '1h', '7d', '30d', or 'never'.", text));
  }
  return seconds;
}

}  // namespace zeus::http
