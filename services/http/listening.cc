#include "services/http/listening.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio.hpp>
#include <optional>
#include <string_view>

namespace zeus::http {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using UnixProtocol = net::local::stream_protocol;

// A client whose machine or network is gone says no goodbye. tcp(7): asked after ten seconds of silence, and given up
// after three questions that nobody answered.
void NoticeLoss(int fd) {
  constexpr std::array<std::pair<int, int>, 3> kOptions = {{{TCP_KEEPIDLE, 10}, {TCP_KEEPINTVL, 5}, {TCP_KEEPCNT, 3}}};
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  for (const auto& [option, value] : kOptions) ::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value));
}

std::optional<Peer::Process> ProcessAt(int fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return Peer::Process{.pid = credentials.pid, .uid = credentials.uid};
}

std::unexpected<Error> CannotListen(std::string_view where, const error_code& error) {
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: {}", where, error.message()));
}

}  // namespace

Result<net::ip::tcp::acceptor> ListenOnTcp(net::io_context& io, const TcpAddress& address) {
  error_code error;
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  const net::ip::address ip = net::ip::make_address(host, error);
  if (error) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot listen on \"{}\": expected an IP address or localhost", address.host));
  }
  const net::ip::tcp::endpoint endpoint(ip, address.port);
  net::ip::tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) return CannotListen(fmt::format("{} port {}", address.host, address.port), error);
  return acceptor;
}

Result<UnixProtocol::acceptor> ListenOnSocket(net::io_context& io, const std::filesystem::path& path,
                                              const SocketAccess& access) {
  constexpr size_t kLongestPath = 107;  // unix(7)
  if (path.native().empty() || path.native().size() > kLongestPath) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot listen on \"{}\": expected a path of 1 to {} bytes", path.native(), kLongestPath));
  }
  ZEUS_RETURN_IF_ERROR(ClearSocketFile(path));
  error_code error;
  UnixProtocol::acceptor acceptor(io);
  acceptor.open(UnixProtocol(), error);
  if (!error) acceptor.bind(path.native(), error);
  if (error) return CannotListen(path.native(), error);
  Result<void> ready = SetSocketAccess(path, access);
  if (ready) {
    acceptor.listen(net::socket_base::max_listen_connections, error);
    if (error) ready = CannotListen(path.native(), error);
  }
  if (!ready) {
    ::unlink(path.c_str());
    return std::unexpected(std::move(ready).error());
  }
  return acceptor;
}

Peer Greet(LoopSocket<net::ip::tcp>& socket) {
  error_code error;
  socket.set_option(net::ip::tcp::no_delay(true), error);
  NoticeLoss(socket.native_handle());
  const auto endpoint = socket.remote_endpoint(error);
  return {.address = error ? "" : endpoint.address().to_string()};
}

Peer Greet(LoopSocket<UnixProtocol>& socket) {
  return {.process = ProcessAt(socket.native_handle())};
}

}  // namespace zeus::http
