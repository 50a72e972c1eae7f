#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "services/http/address.h"
#include "services/http/message.h"
#include "zeus/base/result.h"

namespace zeus::http {

/// A connection to one server, used for one request after the other. Blocks; not thread-safe.
class Client {
 public:
  /// Connects at the first request, and again after the server closed. `timeout` bounds each of connecting, sending and
  /// receiving.
  explicit Client(TcpAddress address, std::chrono::milliseconds timeout = std::chrono::seconds(30));
  explicit Client(std::filesystem::path socket, std::chrono::milliseconds timeout = std::chrono::seconds(30));
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Sends it with each request from now on: "Authorization: Bearer TOKEN". Precondition: visible ASCII without spaces.
  void SetToken(std::string token);

  /// kUnavailable when there is no answer; what the server did by then is unknown. Nothing is sent twice.
  Result<Response> Send(std::string_view method, std::string_view target, std::string body = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zeus::http
