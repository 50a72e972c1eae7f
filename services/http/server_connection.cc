#include "services/http/server_connection.h"

#include <algorithm>
#include <boost/asio.hpp>

namespace zeus::http {

namespace net = boost::asio;
using boost::system::error_code;

namespace {

// Little, where ten thousand connections wait; more for what has begun to be long.
size_t RoomFor(const ServerConnection::Parser& parser, size_t buffered) {
  constexpr size_t kForHeader = 1024;
  constexpr size_t kForBody = size_t{64} * 1024;
  return parser.is_header_done() ? kForBody : std::max(kForHeader, buffered);
}

}  // namespace

ServerConnection::ServerConnection(Socket connected) : socket(std::move(connected)) {
  error_code ignored;
  socket.non_blocking(true, ignored);
}

net::awaitable<error_code> ServerConnection::Read(Parser& parser, const std::function<void()>& header_came) {
  parser.eager(true);
  while (true) {
    while (buffer.size() > 0 && !parser.is_done()) {
      const bool had_header = parser.is_header_done();
      error_code error;
      const size_t parsed = parser.put(buffer.data(), error);
      buffer.consume(parsed);
      if (!had_header && parser.is_header_done()) header_came();
      if (error == boost::beast::http::error::need_more) break;
      if (error) co_return error;
      if (parsed == 0) break;
    }
    if (parser.is_done()) co_return error_code();
    error_code error;
    const size_t size = co_await socket.async_read_some(buffer.prepare(RoomFor(parser, buffer.size())),
                                                        net::redirect_error(net::use_awaitable, error));
    if (error) co_return error;
    buffer.commit(size);
  }
}

net::awaitable<error_code> ServerConnection::Write(std::string_view bytes) {
  error_code error;
  const size_t sent = socket.write_some(net::buffer(bytes), error);
  if (error == net::error::would_block) error = {};
  if (error || sent == bytes.size()) co_return error;
  co_await net::async_write(socket, net::buffer(bytes.substr(sent)), net::redirect_error(net::use_awaitable, error));
  co_return error;
}

void ServerConnection::Close() {
  error_code ignored;
  socket.close(ignored);
}

}  // namespace zeus::http
