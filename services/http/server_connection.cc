#include "services/http/server_connection.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio.hpp>

namespace zeus::http {

namespace net = boost::asio;
using boost::system::error_code;

ServerConnection::ServerConnection(Socket connected) : socket(std::move(connected)) {
  error_code ignored;
  socket.non_blocking(true, ignored);
}

// Little, where ten thousand connections wait; more for what has begun to be long.
net::mutable_buffer ServerConnection::Room(const Parser& parser) {
  constexpr size_t kForHeader = 1024;
  constexpr size_t kForBody = size_t{64} * 1024;
  return buffer.prepare(parser.is_header_done() ? kForBody : std::max(kForHeader, buffer.size()));
}

error_code ServerConnection::Parse(Parser& parser) {
  error_code error;
  while (buffer.size() > 0 && !parser.is_done()) {
    const size_t parsed = parser.put(buffer.data(), error);
    buffer.consume(parsed);
    if (error == boost::beast::http::error::need_more) return {};
    if (error || parsed == 0) return error;
  }
  return error;
}

error_code ServerConnection::WriteSome(std::string_view& bytes) {
  error_code error;
  bytes.remove_prefix(socket.write_some(net::buffer(bytes), error));
  return error == net::error::would_block ? error_code() : error;
}

Awaitable<error_code> ServerConnection::Write(std::string_view bytes) {
  error_code error = WriteSome(bytes);
  if (error || bytes.empty()) co_return error;
  co_await net::async_write(socket, net::buffer(bytes), net::redirect_error(kAwait, error));
  co_return error;
}

void ServerConnection::AddUnsent(std::string bytes) {
  if (unsent.empty()) {
    unsent.swap(bytes);
  } else {
    unsent += bytes;
  }
}

void ServerConnection::SendUnsent() {
  std::string_view rest = unsent;
  if (rest.empty()) return;
  const error_code error = WriteSome(rest);
  unsent.erase(0, unsent.size() - rest.size());
  if (error) return Close();
  if (unsent.empty()) return;
  idle = false;
  error_code ignored;
  socket.cancel(ignored);
}

void ServerConnection::Close() {
  error_code ignored;
  socket.close(ignored);
}

std::shared_ptr<ServerConnection> ServerConnection::MoveTo(net::io_context& io) {
  error_code error;
  Socket moved(io);
  const Socket::endpoint_type here = socket.local_endpoint(error);
  const Socket::native_handle_type handle = socket.release(error);
  if (!error) moved.assign(here.protocol(), handle, error);
  if (error) ::close(handle);
  auto connection = std::make_shared<ServerConnection>(std::move(moved));
  connection->peer = std::move(peer);
  connection->idle = idle;
  return connection;
}

}  // namespace zeus::http
