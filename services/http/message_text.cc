#include "services/http/message_text.h"

#include <fmt/format.h>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <iterator>
#include <utility>

namespace zeus::http {
namespace {

namespace beast = boost::beast::http;

// Up to what tells where the body ends.
std::string BeginOfHead(const Response& response) {
  const auto reason = beast::obsolete_reason(static_cast<beast::status>(response.status));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, std::string_view(reason.data(), reason.size()));
  const auto add = [&head](std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, value);
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  return head;
}

}  // namespace

NamedTexts HeadersOf(const beast::request<beast::string_body>& message) {
  NamedTexts headers;
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& character : name) {
      if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
    }
    headers.emplace_back(std::move(name), std::string(field.value()));
  }
  return headers;
}

Response ForReadError(const boost::system::error_code& error) {
  if (error == beast::error::header_limit) return Problem(431, "the header is too large");
  if (error == beast::error::body_limit) return Problem(413, "the body is too large");
  return Problem(400, "not an HTTP/1.1 request: " + error.message());
}

std::string WholeMessage(const Response& response, bool keep_alive) {
  return fmt::format("{}{}Content-Length: {}\r\n\r\n{}", BeginOfHead(response),
                     keep_alive ? "" : "Connection: close\r\n", response.body.size(), response.body);
}

std::string HeadOfChunked(const Response& response) {
  return BeginOfHead(response) + "Transfer-Encoding: chunked\r\n\r\n";
}

std::string Chunk(std::string_view piece) {
  return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
}

}  // namespace zeus::http
