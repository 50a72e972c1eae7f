#include "services/http/server.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <set>
#include <thread>
#include <utility>  // Asio 1.74 forgets it.

#include "services/http/rate_limiter.h"
#include "services/http/target.h"

namespace zeus::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Stream = beast::basic_stream<net::generic::stream_protocol>;
using UnixProtocol = net::local::stream_protocol;
using Parser = beast::http::request_parser<beast::http::string_body>;

// How much of an unwanted body is read away, so that the client gets to see our answer, and for how long.
constexpr size_t kDrainBytes = size_t{64} * 1024 * 1024;
constexpr auto kDrainTime = std::chrono::seconds(5);

struct Connection {
  explicit Connection(net::generic::stream_protocol::socket socket) : stream(std::move(socket)) {}

  Stream stream;
  beast::flat_buffer buffer;
  std::string client;  // Its IP address; empty on a Unix socket.
  bool idle = true;    // Waits for a request's header.
};

// Where a Responder, on any thread, leaves what the connection's coroutine waits for.
struct Exchange {
  explicit Exchange(net::io_context& io) : ready(io, net::steady_timer::time_point::max()) {}

  net::steady_timer ready;
  std::optional<Response> response;
};

Response ForReadError(const error_code& error) {
  if (error == beast::http::error::header_limit) return Problem(431, "the header is too large");
  if (error == beast::http::error::body_limit) return Problem(413, "the body is too large");
  return Problem(400, "not an HTTP/1.1 request: " + error.message());
}

NamedTexts HeadersOf(const beast::http::request<beast::http::string_body>& message) {
  NamedTexts headers;
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& character : name) {
      if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
    }
    headers.emplace_back(std::move(name), std::string(field.value()));
  }
  return headers;
}

beast::http::response<beast::http::string_body> ToBeast(Response response, bool keep_alive) {
  beast::http::response<beast::http::string_body> message;
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  message.set(beast::http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.body() = std::move(response.body);
  message.keep_alive(keep_alive);
  message.prepare_payload();
  return message;
}

std::unexpected<Error> CannotListen(std::string_view where, const error_code& error) {
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: {}", where, error.message()));
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Router router) : options_(std::move(options)), router_(std::move(router)) {
    if (options_.limits.requests_per_second) limiter_.emplace(*options_.limits.requests_per_second);
  }

  ~Impl() { Stop(); }

  Result<void> Listen() {
    if (options_.tcp) ZEUS_RETURN_IF_ERROR(ListenOnTcp());
    if (options_.socket) ZEUS_RETURN_IF_ERROR(ListenOnSocket(*options_.socket));
    if (!options_.tcp && !options_.socket) return Fail(ErrorCode::kInvalidArgument, "no address to listen on");
    return {};
  }

  void Run() {
    if (tcp_) net::co_spawn(io_, Accept(*tcp_), net::detached);
    if (unix_) net::co_spawn(io_, Accept(*unix_), net::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  void Stop() {
    const std::scoped_lock lock(stopping_mutex_);
    if (!thread_.joinable()) return;
    net::post(io_, [this] { BeginStop(); });
    thread_.join();
    if (options_.socket) ::unlink(options_.socket->c_str());
  }

  [[nodiscard]] const std::optional<TcpAddress>& tcp() const { return options_.tcp; }

 private:
  Result<void> ListenOnTcp() {
    TcpAddress& address = *options_.tcp;
    error_code error;
    const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
    const net::ip::address ip = net::ip::make_address(host, error);
    if (error) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("cannot listen on \"{}\": expected an IP address or localhost", address.host));
    }
    const net::ip::tcp::endpoint endpoint(ip, address.port);
    tcp_.emplace(io_);
    tcp_->open(endpoint.protocol(), error);
    if (!error) tcp_->set_option(net::socket_base::reuse_address(true), error);
    if (!error) tcp_->bind(endpoint, error);
    if (!error) tcp_->listen(net::socket_base::max_listen_connections, error);
    if (error) return CannotListen(fmt::format("{} port {}", address.host, address.port), error);
    address.port = tcp_->local_endpoint().port();
    return {};
  }

  Result<void> ListenOnSocket(const std::filesystem::path& path) {
    constexpr size_t kLongestPath = 107;  // unix(7)
    if (path.native().empty() || path.native().size() > kLongestPath) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("cannot listen on \"{}\": expected a path of 1 to {} bytes",
                                                           path.native(), kLongestPath));
    }
    error_code error;
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
      UnixProtocol::socket probe(io_);
      probe.connect(path.native(), error);
      if (!error) {
        return Fail(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: a server answers there", path.native()));
      }
      if (error == net::error::connection_refused) ::unlink(path.c_str());
    }
    unix_.emplace(io_);
    unix_->open(UnixProtocol(), error);
    if (!error) unix_->bind(path.native(), error);
    if (!error) unix_->listen(net::socket_base::max_listen_connections, error);
    if (error) {
      options_.socket.reset();
      return CannotListen(path.native(), error);
    }
    return {};
  }

  template <class Acceptor>
  net::awaitable<void> Accept(Acceptor& acceptor) {
    while (!stopping_) {
      error_code error;
      auto socket = co_await acceptor.async_accept(net::redirect_error(net::use_awaitable, error));
      if (stopping_) break;
      if (error) {
        // Out of descriptors, most likely: others end sooner or later.
        net::steady_timer pause(io_, std::chrono::milliseconds(50));
        co_await pause.async_wait(net::redirect_error(net::use_awaitable, error));
        continue;
      }
      std::string client;
      if constexpr (std::is_same_v<Acceptor, net::ip::tcp::acceptor>) {
        socket.set_option(net::ip::tcp::no_delay(true), error);
        const auto peer = socket.remote_endpoint(error);
        if (!error) client = peer.address().to_string();
      }
      auto connection = std::make_shared<Connection>(net::generic::stream_protocol::socket(std::move(socket)));
      connection->client = std::move(client);
      net::co_spawn(io_, Serve(std::move(connection)), net::detached);
    }
  }

  net::awaitable<void> Serve(std::shared_ptr<Connection> connection) {
    if (connections_.size() >= options_.limits.connections) {
      co_await Write(*connection, Problem(503, "too many connections"), false);
      co_return;
    }
    connections_.insert(connection);
    bool goes_on = true;
    while (goes_on && !stopping_) goes_on = co_await ServeOne(*connection);
    connections_.erase(connection);
    error_code ignored;
    connection->stream.socket().shutdown(net::socket_base::shutdown_send, ignored);
    connection->stream.close();
    EndWhenDone();
  }

  // One request; whether the connection stays open.
  net::awaitable<bool> ServeOne(Connection& connection) {
    Parser parser;
    parser.header_limit(options_.limits.header_bytes);
    parser.body_limit(options_.limits.body_bytes);
    error_code error;
    connection.idle = true;
    connection.stream.expires_after(options_.limits.idle);
    co_await beast::http::async_read_header(connection.stream, connection.buffer, parser,
                                            net::redirect_error(net::use_awaitable, error));
    connection.idle = false;
    if (!error) {
      connection.stream.expires_after(options_.limits.transfer);
      co_await beast::http::async_read(connection.stream, connection.buffer, parser,
                                       net::redirect_error(net::use_awaitable, error));
    }
    if (error) {
      const bool understood = error.category() == error_code(beast::http::error::header_limit).category();
      if (!understood || error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) {
        co_return false;
      }
      const bool written = co_await Write(connection, ForReadError(error), false);
      if (written) co_await Drain(connection);
      co_return false;
    }
    co_return co_await Answer(connection, parser.release());
  }

  net::awaitable<bool> Answer(Connection& connection, beast::http::request<beast::http::string_body> message) {
    const auto begin = std::chrono::steady_clock::now();
    const bool keep_alive = message.keep_alive();
    AccessRecord record{.method = std::string(message.method_string()), .target = std::string(message.target())};
    auto exchange = std::make_shared<Exchange>(io_);
    Responder responder([this, exchange](Response response) {
      net::post(io_, [exchange, response = std::move(response)]() mutable {
        exchange->response = std::move(response);
        exchange->ready.cancel();
      });
    });
    Result<Target> target = ParseTarget(record.target);
    if (!MayAsk(connection.client, begin)) {
      Response refusal = Problem(429, "too many requests");
      refusal.headers.emplace_back("Retry-After", "1");
      responder.Send(std::move(refusal));
    } else if (target) {
      Request request{.method = record.method,
                      .segments = std::move(target->segments),
                      .query = std::move(target->query),
                      .parameters = {},
                      .headers = HeadersOf(message),
                      .body = std::move(message.body())};
      record.route = router_.Dispatch(std::move(request), std::move(responder));
    } else {
      responder.Send(Problem(400, target.error().message));
    }
    error_code ignored;
    while (!exchange->response) co_await exchange->ready.async_wait(net::redirect_error(net::use_awaitable, ignored));
    record.status = exchange->response->status;
    const bool stays = keep_alive && !stopping_;
    const bool written = co_await Write(connection, *std::move(exchange->response), stays);
    if (options_.log) {
      record.time = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
      options_.log(record);
    }
    co_return written&& stays;
  }

  bool MayAsk(const std::string& client, std::chrono::steady_clock::time_point now) {
    return !limiter_ || client.empty() || limiter_->Allow(client, now);
  }

  net::awaitable<bool> Write(Connection& connection, Response response, bool keep_alive) {
    auto message = ToBeast(std::move(response), keep_alive);
    error_code error;
    connection.stream.expires_after(options_.limits.transfer);
    co_await beast::http::async_write(connection.stream, message, net::redirect_error(net::use_awaitable, error));
    co_return !error;
  }

  static net::awaitable<void> Drain(Connection& connection) {
    error_code error;
    connection.stream.socket().shutdown(net::socket_base::shutdown_send, error);
    connection.stream.expires_after(kDrainTime);
    std::vector<char> away(64 * 1024);
    for (size_t drained = 0; !error && drained < kDrainBytes;) {
      drained +=
          co_await connection.stream.async_read_some(net::buffer(away), net::redirect_error(net::use_awaitable, error));
    }
  }

  void BeginStop() {
    stopping_ = true;
    error_code ignored;
    if (tcp_) tcp_->close(ignored);
    if (unix_) unix_->close(ignored);
    for (const std::shared_ptr<Connection>& connection : connections_) {
      if (connection->idle) connection->stream.close();
    }
    grace_.expires_after(options_.grace);
    grace_.async_wait([this](const error_code& error) {
      if (!error) io_.stop();
    });
    EndWhenDone();
  }

  void EndWhenDone() {
    if (stopping_ && connections_.empty()) grace_.cancel();
  }

  ServerOptions options_;
  const Router router_;
  std::mutex stopping_mutex_;  // One Stop() at a time.
  std::thread thread_;

  // On the thread alone, once it runs.
  net::io_context io_{1};
  std::optional<net::ip::tcp::acceptor> tcp_;
  std::optional<UnixProtocol::acceptor> unix_;
  net::steady_timer grace_{io_};
  std::optional<RateLimiter> limiter_;
  std::set<std::shared_ptr<Connection>> connections_;  // Shared with the connection's own coroutine.
  bool stopping_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Router router) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(router));
  ZEUS_RETURN_IF_ERROR(impl->Listen());
  impl->Run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::optional<TcpAddress>& Server::tcp() const {
  return impl_->tcp();
}

void Server::Stop() {
  impl_->Stop();
}

}  // namespace zeus::http
