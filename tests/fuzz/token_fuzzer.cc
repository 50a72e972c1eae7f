// A bearer token, taken as it came, and as one that the key signed: nothing but what was issued is taken.
#include "services/http/token.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  static const auto kKey = *zeus::http::SigningKey::Of("a secret that no input holds");
  const std::vector<std::string> scopes = {"read", "write"};
  constexpr int64_t kNow = 1'000'000;
  const std::string_view text = zeus::fuzz::ToText(data, size);
  Require(!VerifyToken(text, kKey, kNow, scopes), "nobody guesses a signature");
  // The text as the subject, and as its own end.
  const zeus::http::Claims claims{.subject = "a", .scopes = {"read"}, .expires_s = static_cast<int64_t>(size)};
  const std::string token = IssueToken(claims, kKey);
  Require(!text.empty() == !VerifyToken(token + std::string(text), kKey, 0, scopes), "a longer token is another one");
  const auto taken = VerifyToken(token, kKey, 0, scopes);
  Require(taken && *taken == claims, "what was issued is taken");
  if (const auto lifetime = zeus::http::ParseLifetime(text); lifetime && *lifetime) {
    Require(**lifetime >= 0 && **lifetime <= int64_t{1} << 40, "a lifetime is no longer than the longest");
  }
  return 0;
}
