#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "services/http/loop_executor.h"
#include "services/http/message.h"
#include "services/http/stream_wakes.h"

namespace zeus::http {

/// One client's connection. On the thread alone that serves it.
struct ServerConnection {
  using Socket = LoopSocket<boost::asio::generic::stream_protocol>;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  /// Takes a socket that is connected.
  explicit ServerConnection(Socket connected);

  /// Where to put what comes in next; commit() it to the buffer.
  boost::asio::mutable_buffer Room(const Parser& parser);
  /// Takes from the buffer what belongs to this request. It is whole when the parser is done; what came beyond it
  /// stays.
  boost::system::error_code Parse(Parser& parser);

  /// Sends all of it.
  Awaitable<boost::system::error_code> Write(std::string_view bytes);
  void AddUnsent(std::string bytes);
  /// Sends of what is unsent what goes at once. Where something is left, who waits for a request stops waiting, so as
  /// to send it.
  void SendUnsent();

  /// What waits on it fails.
  void Close();

  /// The client's connection on another thread. Nothing may wait on this one, whose socket is closed from now on.
  std::shared_ptr<ServerConnection> MoveTo(boost::asio::io_context& io);

  Socket socket;
  boost::beast::flat_buffer buffer;
  std::string unsent;  // Of an answer.
  Peer peer;
  bool idle = true;  // Waits for a request's header.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::shared_ptr<StreamState> streaming;  // While it streams; shared with who wakes it.

 private:
  // Sends what goes at once, and takes it off `bytes`.
  boost::system::error_code WriteSome(std::string_view& bytes);
};

}  // namespace zeus::http
