#pragma once

// clang-format off
#include <utility>  // Asio 1.74 forgets it.
#include <boost/asio/awaitable.hpp>
// clang-format on

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "services/http/message.h"
#include "services/http/stream_wakes.h"

namespace zeus::http {

/// One client's connection. On the server's thread alone.
struct ServerConnection {
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  /// Takes a socket that is connected.
  explicit ServerConnection(Socket connected);

  /// Reads on until there is a whole request, or an error; `header_came` is called once its header is there. What came
  /// beyond it stays in the buffer.
  boost::asio::awaitable<boost::system::error_code> Read(Parser& parser, const std::function<void()>& header_came);

  /// Sends all of it.
  boost::asio::awaitable<boost::system::error_code> Write(std::string_view bytes);

  /// What waits on it fails.
  void Close();

  Socket socket;
  boost::beast::flat_buffer buffer;
  Peer peer;
  bool idle = true;  // Waits for a request's header.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::shared_ptr<StreamState> streaming;  // While it streams; shared with who wakes it.
};

}  // namespace zeus::http
