#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "services/http/server.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/unique_fd.h"
#include "zeus/http_client/client.h"

namespace zeus::http {

inline constexpr size_t kMuch = 20'000'000;  // More than sockets buffer.

/// A server that echoes, says much, forgets to answer, or keeps who asks waiting, and its clients over TCP.
class HttpServerCase : public ::testing::Test {
 protected:
  HttpServerCase() {
    router_.Add("GET", "/echo/{text}", [](const Request& request, Responder responder) {
      responder.Send({.body = request.Parameter("text") + (request.Query("q") ? *request.Query("q") : "")});
    });
    router_.Add("POST", "/echo", [](const Request& request, Responder responder) {
      responder.Send({.status = 201, .body = request.body});
    });
    router_.Add("GET", "/header", [](const Request& request, Responder responder) {
      const std::string* const value = request.Header("x-a-name");
      responder.Send({.body = value == nullptr ? "none" : "<" + *value + ">"});
    });
    router_.Add("GET", "/much",
                [](const Request&, Responder responder) { responder.Send({.body = std::string(kMuch, 'x')}); });
    router_.Add("GET", "/dropped", [](const Request&, const Responder&) {});
    router_.Add("GET", "/held", [this](const Request&, Responder responder) { held_.set_value(std::move(responder)); });
  }

  void Start(ServerOptions options = {.tcp = TcpAddress{}}) {
    Result<std::unique_ptr<Server>> server = Server::Start(std::move(options), router_);
    ASSERT_THAT(server, testing::IsOk());
    server_ = *std::move(server);
  }

  [[nodiscard]] Client NewClient() const { return Client(*server_->tcp()); }

  [[nodiscard]] UniqueFd Connected() const {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->tcp()->port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  // Sends bytes as they are, at once or `most` at a time, ends, and reads until the server closes.
  [[nodiscard]] std::string Raw(std::string_view bytes, bool half_close = true, size_t most = SIZE_MAX) const {
    const UniqueFd fd = Connected();
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd.get(), bytes.data(), std::min(bytes.size(), most), MSG_NOSIGNAL);
      if (sent <= 0) break;
      bytes.remove_prefix(static_cast<size_t>(sent));
      if (most < bytes.size()) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    if (half_close) ::shutdown(fd.get(), SHUT_WR);
    return ReadAll(fd);
  }

  static std::string ReadAll(const UniqueFd& fd) {
    std::string answer;
    char part[4096];
    for (ssize_t got = 0; (got = ::read(fd.get(), part, sizeof(part))) > 0;)
      answer.append(part, static_cast<size_t>(got));
    return answer;
  }

  Router router_;
  std::promise<Responder> held_;
  std::unique_ptr<Server> server_;
};

}  // namespace zeus::http
