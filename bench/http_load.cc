#include "bench/http_load.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>
#include <variant>

#include "zeus/base/unique_fd.h"

namespace zeus {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(std::string_view why) {
  fmt::print(stderr, "http_load: {}\n", why);
  std::exit(1);
}

UniqueFd ConnectTo(const http::ServerAddress& address) {
  sockaddr_in tcp{};
  sockaddr_un file{};
  const sockaddr* where = reinterpret_cast<const sockaddr*>(&tcp);
  socklen_t size = sizeof(tcp);
  if (const auto* const at = std::get_if<http::TcpAddress>(&address)) {
    tcp.sin_family = AF_INET;
    tcp.sin_port = htons(at->port);
    tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    file.sun_family = AF_UNIX;
    std::get<std::filesystem::path>(address).native().copy(file.sun_path, sizeof(file.sun_path) - 1);
    where = reinterpret_cast<const sockaddr*>(&file);
    size = sizeof(file);
  }
  UniqueFd fd(::socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), where, size) != 0) Die("cannot connect");
  const int on = 1;
  if (where->sa_family == AF_INET) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double Quantile(std::vector<double>& values, double share) {
  if (values.empty()) Die("nothing was answered in time");
  const auto at = values.begin() + static_cast<ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

}  // namespace

class HttpLoad::Connection {
 public:
  Connection(const http::ServerAddress& address, std::unique_ptr<Dialogue> dialogue)
      : fd_(ConnectTo(address)), dialogue_(std::move(dialogue)) {}

  [[nodiscard]] int fd() const { return fd_.get(); }

  void Ask() {
    const std::string request = dialogue_->Next(body_);
    got_.clear();
    if (::send(fd(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
      Die("cannot send");
    }
  }

  // Whether the answer is whole.
  bool Receive() {
    std::array<char, 16384> part{};
    const ssize_t got = ::recv(fd(), part.data(), part.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0) Die("the server has closed the connection");
    got_.append(part.data(), static_cast<size_t>(got));
    const size_t end = got_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (!got_.starts_with("HTTP/1.1 2")) Die(got_);
    const size_t length = ContentLength(std::string_view(got_).substr(0, end));
    if (got_.size() < end + 4 + length) return false;
    body_ = got_.substr(end + 4, length);
    return true;
  }

  // Of the turn under way.
  Clock::time_point began;
  Clock::time_point asked;
  int requests_left = 0;
  Clock::time_point due;  // The next turn.

 private:
  static size_t ContentLength(std::string_view head) {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const size_t at = head.find(kName);
    size_t length = 0;
    if (at == std::string_view::npos) Die("an answer without a length");
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
    return length;
  }

  UniqueFd fd_;
  std::unique_ptr<Dialogue> dialogue_;
  std::string got_;
  std::string body_;
};

HttpLoad::HttpLoad(const http::ServerAddress& address, std::vector<std::unique_ptr<Dialogue>> dialogues) {
  for (std::unique_ptr<Dialogue>& each : dialogues) {
    connections_.push_back(std::make_unique<Connection>(address, std::move(each)));
  }
}

HttpLoad::~HttpLoad() = default;

// In milliseconds.
struct HttpLoad::Waits {
  std::vector<double> turns;
  std::vector<double> requests;
};

HttpLoad::Waits HttpLoad::DriveSome(std::span<const std::unique_ptr<Connection>> connections,
                                    const LoadOptions& options) {
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  const auto start = Clock::now();
  const auto end = start + options.time;
  for (size_t i = 0; i < connections.size(); ++i) {
    Connection& each = *connections[i];
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &each}};
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, each.fd(), &event) != 0) Die("cannot watch a connection");
    const auto share = options.pause.value_or(Clock::duration{}) * i / connections.size();
    each.due = start + share;
    each.requests_left = 0;
  }

  Waits waits;
  const auto begin_turn = [&](Connection& connection, Clock::time_point now) {
    connection.began = options.pause ? connection.due : now;
    if (options.pause) connection.due += *options.pause;
    connection.requests_left = options.requests_per_turn;
    connection.asked = Clock::now();
    connection.Ask();
  };
  const auto answered = [&](Connection& connection) {
    const auto now = Clock::now();
    waits.requests.push_back(Milliseconds(now - connection.asked));
    if (--connection.requests_left > 0) {
      connection.asked = now;
      connection.Ask();
      return;
    }
    waits.turns.push_back(Milliseconds(now - connection.began));
    if (!options.pause && now < end) begin_turn(connection, now);
  };

  while (true) {
    // Those whose turn it is, and when the next one's is.
    const auto now = Clock::now();
    auto next = end;
    bool busy = now < end;
    for (const auto& each : connections) {
      if (each->requests_left == 0 && each->due <= now && now < end) begin_turn(*each, now);
      if (each->requests_left == 0) next = std::min(next, each->due);
      busy = busy || each->requests_left > 0;
    }
    if (!busy) break;
    const bool asleep = options.wait == ClientWait::kAsleep;
    const auto wait = asleep ? std::max(next - Clock::now(), Clock::duration{}) : Clock::duration{};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (wait - seconds).count()};
    std::array<epoll_event, 64> events{};
    const bool ending = asleep && now >= end;  // What is under way is waited for.
    const int ready = ::epoll_pwait2(epoll.get(), events.data(), events.size(), ending ? nullptr : &timeout, nullptr);
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
      if (connection.Receive()) answered(connection);
    }
  }
  return waits;
}

LoadFigures HttpLoad::Drive(const LoadOptions& options) {
  const auto start = Clock::now();
  const std::span<const std::unique_ptr<Connection>> all = connections_;
  Waits waits;
  if (options.threads == ClientThreads::kOne) {
    waits = DriveSome(all, options);
  } else {
    std::vector<Waits> parts(all.size());
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < all.size(); ++i) {
        threads.emplace_back([&, i] { parts[i] = DriveSome(all.subspan(i, 1), options); });
      }
    }
    for (const Waits& part : parts) {
      waits.turns.insert(waits.turns.end(), part.turns.begin(), part.turns.end());
      waits.requests.insert(waits.requests.end(), part.requests.begin(), part.requests.end());
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return {.turns_per_second = static_cast<double>(waits.turns.size()) / seconds,
          .turn_p99_ms = Quantile(waits.turns, 0.99),
          .request_median_ms = Quantile(waits.requests, 0.5),
          .request_p99_ms = Quantile(waits.requests, 0.99)};
}

}  // namespace zeus
