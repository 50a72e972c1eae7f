#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <thread>
#include <vector>

#include "zeus/base/unique_fd.h"

namespace zeus {

/// The least that a server can do: a thread that gives the same answer to whatever comes. Ends the program where it
/// cannot.
class BareServer {
 public:
  explicit BareServer(const std::filesystem::path& path)
      : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)), epoll_(::epoll_create1(0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener_.get(), 64) != 0) {
      std::abort();
    }
    Watch(listener_.get());
    thread_ = std::thread([this] { Serve(); });
  }
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;
  ~BareServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

 private:
  void Watch(int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) std::abort();
  }

  void Serve() {
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    std::vector<UniqueFd> clients;
    std::array<epoll_event, 16> events{};
    while (true) {
      const int ready = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i) {
        const int fd = events[static_cast<size_t>(i)].data.fd;
        if (fd == listener_.get()) {
          clients.emplace_back(::accept(fd, nullptr, nullptr));
          if (!clients.back().valid()) return;  // It is shut down.
          Watch(clients.back().get());
          continue;
        }
        std::array<char, 4096> part{};
        if (::read(fd, part.data(), part.size()) > 0) {
          if (::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) std::abort();
        } else {
          ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
        }
      }
    }
  }

  UniqueFd listener_;
  UniqueFd epoll_;
  std::thread thread_;
};

}  // namespace zeus
