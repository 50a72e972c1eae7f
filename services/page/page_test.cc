#include "services/page/page.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>

#include "services/http/target.h"
#include "services/page/page_files.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

http::Response Get(const std::string& path, const http::NamedTexts& headers = {}) {
  http::Router router;
  AddPage(router);
  std::optional<http::Response> answered;
  http::Request request;
  request.method = "GET";
  request.segments = http::ParseTarget(path)->segments;
  request.headers = headers;
  router.Dispatch(std::move(request),
                  http::Responder([&](http::Response response) { answered = std::move(response); }));
  return *std::move(answered);
}

std::string HeaderOf(const http::Response& response, std::string_view name) {
  const auto found = std::ranges::find(response.headers, name, &http::NamedTexts::value_type::first);
  return found == response.headers.end() ? "" : found->second;
}

TEST(PageTest, IsAtTheRoot) {
  const http::Response response = Get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(response.body, StartsWith("<!doctype html>"));
  EXPECT_THAT(HeaderOf(response, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(HeaderOf(response, "Content-Security-Policy"), Not(HasSubstr("unsafe")));
  EXPECT_EQ(HeaderOf(response, "Cache-Control"), "no-cache");
}

TEST(PageTest, IsNotSentAgainToThoseWhoHaveIt) {
  const std::string etag = HeaderOf(Get("/"), "ETag");
  EXPECT_EQ(etag.size(), 66U);
  const http::Response response = Get("/", {{"if-none-match", "\"other\", W/" + etag}});
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(HeaderOf(response, "ETag"), etag);
  EXPECT_EQ(Get("/", {{"if-none-match", "\"other\""}}).status, 200);
}

TEST(PageTest, HasAllItsFilesAndNoOthers) {
  for (const PageFile& file : PageFiles()) {
    if (file.path == "index.html") continue;
    const http::Response response = Get("/" + std::string(file.path));
    EXPECT_EQ(response.status, 200) << file.path;
    EXPECT_EQ(response.body, file.content) << file.path;
    EXPECT_FALSE(response.body.empty()) << file.path;
    const bool is_asset = file.path.starts_with("assets/");
    EXPECT_EQ(HeaderOf(response, "Cache-Control") != "no-cache", is_asset) << file.path;
  }
  EXPECT_EQ(Get("/assets/none.js").status, 404);
  EXPECT_EQ(Get("/index.html/").status, 404);
}

}  // namespace
}  // namespace zeus
