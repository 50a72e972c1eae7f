#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/http_client/address.h"
#include "zeus/http_client/answer.h"
#include "zeus/http_client/connection.h"

namespace zeus::http {

/// A connection to one server, used for one request after the other. Blocks; not thread-safe.
class Client {
 public:
  /// Connects at the first request, and again after the server closed. `timeout` bounds each of connecting, sending and
  /// receiving; `stop` is that of Connection::Open.
  explicit Client(ServerAddress address, std::chrono::milliseconds timeout = std::chrono::seconds(30),
                  std::stop_token stop = {});

  /// Sends it with each request from now on: "Authorization: Bearer TOKEN". Precondition: visible ASCII without spaces.
  void SetToken(std::string token) { token_ = std::move(token); }

  /// kUnavailable when there is no answer; what the server did by then is unknown. Nothing is sent twice.
  Result<Answer> Send(std::string_view method, std::string_view target, std::string body = {},
                      const NamedTexts& headers = {});

 private:
  ServerAddress address_;
  std::chrono::milliseconds timeout_;
  std::stop_token stop_;
  std::string token_;
  std::optional<Connection> connection_;
};

}  // namespace zeus::http
