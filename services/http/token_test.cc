#include "services/http/token.h"

#include <gtest/gtest.h>

#include "services/http/base64url.h"
#include "services/http/bearer.h"

namespace zeus::http {
namespace {

const std::vector<std::string> kScopes = {"read", "write"};

SigningKey Key(std::string bytes = "secret") {
  return *SigningKey::Of(std::move(bytes));
}

std::string ReasonOf(std::string_view token, int64_t now_s = 1000) {
  const auto claims = VerifyToken(token, Key(), now_s, kScopes);
  return claims ? "fine" : claims.error().reason;
}

std::string Signed(std::string_view header, std::string_view payload) {
  const std::string message = ToBase64Url(header) + "." + ToBase64Url(payload);
  return message + "." + ToBase64Url(Key().Sign(message));
}

TEST(Base64UrlTest, WhatIsWrittenReadsBackAndNothingElse) {
  for (const std::string bytes : {"", "a", "ab", "abc", "abcd", "\xff\xfe\xfd"}) {
    EXPECT_EQ(FromBase64Url(ToBase64Url(bytes)), bytes);
  }
  EXPECT_EQ(ToBase64Url("\xff\xfe\xfd"), "__79");
  for (const char* const wrong : {"Zg==", "Zh", "Z", "Zm9+", "Zm9v\n", "Zm 9v"}) {
    EXPECT_EQ(FromBase64Url(wrong), std::nullopt) << wrong;
  }
}

// RFC 7515, appendix A.1.
TEST(TokenTest, ASignatureIsThatOfTheStandardsExample) {
  const std::optional<std::string> key =
      FromBase64Url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const std::string message =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
      "LmNvbS9pc19yb290Ijp0cnVlfQ";
  EXPECT_EQ(ToBase64Url(Key(*key).Sign(message)), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

TEST(TokenTest, WhatIsIssuedIsTakenUntilAMinutePastItsEnd) {
  const Claims claims{.subject = "alice", .scopes = {"read", "write"}, .expires_s = 1000};
  const std::string token = IssueToken(claims, Key());
  EXPECT_EQ(*VerifyToken(token, Key(), 1060, kScopes), claims);
  const auto late = VerifyToken(token, Key(), 1061, kScopes);
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().expired);
  const Claims forever{.subject = "b", .scopes = {}, .expires_s = {}};
  EXPECT_EQ(*VerifyToken(IssueToken(forever, Key()), Key(), INT64_MAX, kScopes), forever);
  EXPECT_EQ(token.substr(0, token.find('.')), ToBase64Url(R"({"typ":"JWT","alg":"HS256"})"));
}

TEST(TokenTest, WhatIsNotOursIsRefused) {
  const std::string good = IssueToken({.subject = "a", .scopes = {"read"}, .expires_s = {}}, Key());
  constexpr const char* kHeader = R"({"alg":"HS256"})";
  EXPECT_EQ(ReasonOf(good), "fine");
  EXPECT_EQ(ReasonOf(""), "InvalidToken");
  EXPECT_EQ(ReasonOf("a.b"), "InvalidToken");
  EXPECT_EQ(ReasonOf(good + ".x"), "InvalidToken");
  EXPECT_EQ(ReasonOf("?" + good), "Base64 error");
  EXPECT_EQ(ReasonOf(good + "x"), "InvalidSignature");
  EXPECT_EQ(ReasonOf(good.substr(0, good.rfind('.') + 1)), "InvalidSignature");
  EXPECT_EQ(ReasonOf(IssueToken({.subject = "a", .scopes = {}, .expires_s = {}}, Key("other"))), "InvalidSignature");
  EXPECT_EQ(ReasonOf(Signed(R"({"alg":"none"})", R"({"sub":"a","scopes":[]})")), "InvalidAlgorithm");
  EXPECT_EQ(ReasonOf(Signed(R"({})", R"({"sub":"a","scopes":[]})")), "InvalidAlgorithm");
  EXPECT_EQ(ReasonOf(Signed(kHeader, R"({"sub":"a","scopes":[],"aud":"x"})")), "InvalidAudience");
  EXPECT_EQ(ReasonOf(Signed(kHeader, R"({"sub":"a","scopes":[],"nbf":99999})")), "fine");
  for (const char* const payload :
       {"", "[]", R"({"scopes":[]})", R"({"sub":"a"})", R"({"sub":"a","scopes":["all"]})",
        R"({"sub":"a","scopes":[1]})", R"({"sub":"a","scopes":[],"exp":-1})", R"({"sub":"a","scopes":[],"exp":"1"})",
        R"({"sub":"a","scopes":[],"exp":18446744073709551615})"}) {
    EXPECT_TRUE(ReasonOf(Signed(kHeader, payload)).starts_with("JSON error: ")) << payload;
  }
}

TEST(TokenTest, Lifetimes) {
  EXPECT_EQ(*ParseLifetime("1h 30m"), 5400);
  EXPECT_EQ(*ParseLifetime("7D"), 7 * 86400);
  EXPECT_EQ(*ParseLifetime("1w2days"), 9 * 86400);
  EXPECT_EQ(*ParseLifetime("never"), std::nullopt);
  EXPECT_EQ(*ParseLifetime("0"), std::nullopt);
  for (const char* const wrong : {"", "1", "h", "1x", "-1h", "1h,", " ", "99999999999999999999s", "999999999999w"}) {
    const auto lifetime = ParseLifetime(wrong);
    ASSERT_FALSE(lifetime) << wrong;
    EXPECT_EQ(lifetime.error().message,
              std::string("Invalid duration '") + wrong + "'. Use e.g. '1h', '7d', '30d', or 'never'.");
  }
}

TEST(BearerGuardTest, RefusesInThePublishedWords) {
  const BearerGuard guard(Key(), {.realm = "here", .scopes = kScopes, .now_s = [] { return int64_t{1000}; }});
  const auto answer = [&](const std::string& header) {
    const auto allowed = guard.Require("write", {.headers = {{"authorization", header}}});
    return allowed ? Response{} : allowed.error();
  };
  const auto token = [](std::vector<std::string> scopes, std::optional<int64_t> expires_s = {}) {
    return "Bearer " + IssueToken({.subject = "alice", .scopes = std::move(scopes), .expires_s = expires_s}, Key());
  };
  EXPECT_EQ(answer(token({"write"})).status, 200);
  const Response lacks = answer(token({"read"}));
  EXPECT_EQ(lacks.status, 403);
  EXPECT_EQ(lacks.body, R"({"error":"Token for user 'alice' lacks required scope 'write'. Token scopes: ['read']"})");
  EXPECT_EQ(answer(token({"write"}, 1)).body, R"({"error":"Token has expired."})");
  const Response none = answer("bearer x");
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.body, R"({"error":"Authentication required. Provide an Authorization: Bearer <token> header."})");
  EXPECT_EQ(none.headers, (NamedTexts{{"WWW-Authenticate", "Bearer realm=\"here\""}}));
  EXPECT_EQ(answer("Bearer x").body, R"({"error":"Invalid token: InvalidToken"})");
}

}  // namespace
}  // namespace zeus::http
