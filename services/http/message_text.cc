#include "services/http/message_text.h"

#include <fmt/format.h>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <utility>

namespace zeus::http {
namespace {

namespace beast = boost::beast::http;

void AddField(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

// Up to what tells where the body ends.
std::string BeginOfHead(const Response& response) {
  constexpr size_t kUsual = 256;  // With a short body.
  const auto reason = beast::obsolete_reason(static_cast<beast::status>(response.status));
  std::string head;
  head.reserve(kUsual + response.body.size());
  head.append("HTTP/1.1 ").append(fmt::format_int(response.status).c_str()).append(" ");
  head.append(reason.data(), reason.size()).append("\r\n");
  if (!response.content_type.empty()) AddField(head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) AddField(head, name, value);
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
  std::string message = BeginOfHead(response);
  if (!keep_alive) AddField(message, "Connection", "close");
  AddField(message, "Content-Length", fmt::format_int(response.body.size()).c_str());
  message.append("\r\n").append(response.body);
  return message;
}

std::string HeadOfChunked(const Response& response) {
  return BeginOfHead(response) + "Transfer-Encoding: chunked\r\n\r\n";
}

std::string Chunk(std::string_view piece) {
  return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
}

}  // namespace zeus::http
