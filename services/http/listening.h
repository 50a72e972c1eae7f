#pragma once

// clang-format off
#include <utility>  // Asio 1.74 forgets it.
#include <boost/asio/ip/tcp.hpp>
// clang-format on

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>

#include "services/http/loop_executor.h"
#include "services/http/message.h"
#include "services/http/socket_file.h"
#include "zeus/base/result.h"
#include "zeus/http_client/address.h"

/// The sockets that a server listens on, and who comes in through them.
namespace zeus::http {

/// Port 0: one that the system picks. kInvalidArgument where the host is no IP address; kUnavailable where the address
/// is taken, or cannot be had.
Result<boost::asio::ip::tcp::acceptor> ListenOnTcp(boost::asio::io_context& io, const TcpAddress& address);

/// Replaces what a dead server left. kInvalidArgument for a path that no socket can have; else as ClearSocketFile and
/// SetSocketAccess tell. Nothing is left behind where it fails.
Result<boost::asio::local::stream_protocol::acceptor> ListenOnSocket(boost::asio::io_context& io,
                                                                     const std::filesystem::path& path,
                                                                     const SocketAccess& access);

/// Who has connected; over TCP, answers are sent at once from here on, and a client that is lost is noticed.
Peer Greet(LoopSocket<boost::asio::ip::tcp>& socket);
Peer Greet(LoopSocket<boost::asio::local::stream_protocol>& socket);

}  // namespace zeus::http
