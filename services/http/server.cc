#include "services/http/server.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "services/http/listening.h"
#include "services/http/serving_loop.h"

namespace zeus::http {
namespace {

namespace net = boost::asio;
using boost::system::error_code;

// Connections that are taken in before others get a turn.
constexpr int kAcceptedAtOnce = 64;

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerOptions options) {
    if (options.limits.requests_per_second) shared_.limiter.emplace(*options.limits.requests_per_second);
    shared_.options = std::move(options);
    for (size_t i = 0; i < std::max<size_t>(shared_.options.threads, 1); ++i) {
      loops_.push_back(std::make_unique<ServingLoop>(shared_));
    }
  }

  ~Impl() { Stop(); }

  Result<void> Listen() {
    ServerOptions& options = shared_.options;
    if (options.tcp) {
      ZEUS_ASSIGN_OR_RETURN(tcp_, ListenOnTcp(io(), *options.tcp));
      options.tcp->port = tcp_->local_endpoint().port();
    }
    if (options.socket) {
      ZEUS_ASSIGN_OR_RETURN(unix_, ListenOnSocket(io(), *options.socket, options.socket_access));
      has_socket_file_ = true;
    }
    if (!options.tcp && !options.socket) return Fail(ErrorCode::kInvalidArgument, "no address to listen on");
    return {};
  }

  void Serve(Router router) {
    shared_.router = std::move(router);
    if (tcp_) net::co_spawn(io(), Accept(*tcp_), net::detached);
    if (unix_) net::co_spawn(io(), Accept(*unix_), net::detached);
    for (const auto& loop : loops_) loop->Start(*loops_.front());
    serves_ = true;
  }

  void Stop() {
    const std::scoped_lock lock(stopping_mutex_);
    if (std::exchange(serves_, false)) {
      net::post(io(), [this] { CloseAcceptors(); });
      for (const auto& loop : loops_) loop->Stop();
      // The first one last: what another has begun to stream comes to it.
      for (const auto& loop : loops_ | std::views::reverse) loop->Join();
    }
    if (std::exchange(has_socket_file_, false)) ::unlink(shared_.options.socket->c_str());
  }

  [[nodiscard]] const std::optional<TcpAddress>& tcp() const { return shared_.options.tcp; }

 private:
  // Of the thread that takes connections in.
  [[nodiscard]] net::io_context& io() { return loops_.front()->io(); }

  // Each thread in its turn gets a connection.
  template <class Acceptor>
  net::awaitable<void> Accept(Acceptor& acceptor) {
    error_code error;
    acceptor.non_blocking(true, error);
    while (!closed_) {
      // The other acceptor may take one in meanwhile: this one's stays with the thread that it is made for.
      ServingLoop* loop = &NextLoop();
      auto socket = co_await acceptor.async_accept(ExecutorOf(*loop), net::redirect_error(net::use_awaitable, error));
      if (closed_) break;
      if (error) {
        // Out of descriptors, most likely: others end sooner or later.
        net::steady_timer pause(io(), std::chrono::milliseconds(50));
        co_await pause.async_wait(net::redirect_error(net::use_awaitable, error));
        continue;
      }
      // Those who wait behind it come along: a queue that is full turns others away.
      for (int left = kAcceptedAtOnce; left > 0 && !error; --left) {
        Peer peer = Greet(socket);
        loop->Take(ServerConnection::Socket(std::move(socket)), std::move(peer));
        ++taken_;
        if (left == 1) break;
        loop = &NextLoop();
        socket = acceptor.accept(ExecutorOf(*loop), error);
      }
    }
  }

  ServingLoop& NextLoop() { return *loops_[taken_ % loops_.size()]; }
  static LoopExecutor ExecutorOf(ServingLoop& loop) { return loop.io().get_executor(); }

  void CloseAcceptors() {
    closed_ = true;
    error_code ignored;
    if (tcp_) tcp_->close(ignored);
    if (unix_) unix_->close(ignored);
  }

  ServerShared shared_;
  bool has_socket_file_ = false;
  std::mutex stopping_mutex_;  // One Stop() at a time.
  bool serves_ = false;        // Guarded by it, once it is set.

  std::vector<std::unique_ptr<ServingLoop>> loops_;  // The first takes connections in, and sends what is streamed.
  // On the first one's thread alone, once it runs.
  std::optional<net::ip::tcp::acceptor> tcp_;
  std::optional<net::local::stream_protocol::acceptor> unix_;
  size_t taken_ = 0;  // Connections.
  bool closed_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Listen(ServerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  ZEUS_RETURN_IF_ERROR(impl->Listen());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::Serve(Router router) {
  impl_->Serve(std::move(router));
}

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Router router) {
  ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<Server> server, Listen(std::move(options)));
  server->Serve(std::move(router));
  return server;
}

const std::optional<TcpAddress>& Server::tcp() const {
  return impl_->tcp();
}

void Server::Stop() {
  impl_->Stop();
}

}  // namespace zeus::http
