#include "services/page/page.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "services/page/page_files.h"

namespace zeus {
namespace {

// Scripts and styles as files of this server alone: what a job's name holds can never become one.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

std::string_view ContentTypeOf(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "text/plain; charset=utf-8";
}

http::Response Answer(const PageFile& file, const http::Request& request) {
  const std::string etag = fmt::format("\"{}\"", file.digest);
  // Vite puts a digest into these names.
  const bool never_changes = file.path.starts_with("assets/");
  http::Response response{
      .content_type = std::string(ContentTypeOf(file.path)),
      .headers = {{"ETag", etag},
                  {"Cache-Control", never_changes ? "public, max-age=31536000, immutable" : "no-cache"},
                  {"Content-Security-Policy", kPolicy},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"}}};
  const std::string* const known = request.Header("if-none-match");
  if (known != nullptr && (*known == "*" || known->find(etag) != std::string::npos)) {
    response.status = 304;
  } else {
    response.body = file.content;
  }
  return response;
}

}  // namespace

void AddPage(http::Router& router) {
  for (const PageFile& file : PageFiles()) {
    const std::string path = file.path == "index.html" ? "/" : "/" + std::string(file.path);
    router.Add("GET", path, [file](const http::Request& request, http::Responder responder) {
      responder.Send(Answer(file, request));
    });
  }
}

}  // namespace zeus
