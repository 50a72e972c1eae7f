#include "services/http/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

// What a stream's client has, when the server stops, to take what it is being sent.
constexpr auto kLastPieceTime = std::chrono::seconds(1);

// What wakes a stream's coroutine. On the server's thread alone.
struct StreamState {
  StreamState(net::io_context& io, std::chrono::milliseconds time_to_gather)
      : gather_time(time_to_gather), wake(io, net::steady_timer::time_point::max()) {}

  void Continue() {
    news = true;
    wake.cancel();
  }

  const std::chrono::milliseconds gather_time;
  net::steady_timer wake;
  bool news = true;
  bool gone = false;  // The client, or the connection.
};

struct Connection {
  explicit Connection(net::generic::stream_protocol::socket socket) : stream(std::move(socket)) {}

  Stream stream;
  beast::flat_buffer buffer;
  Peer peer;
  bool idle = true;                        // Waits for a request's header.
  std::shared_ptr<StreamState> streaming;  // While it streams; shared with who wakes it.
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
  if (!response.content_type.empty()) message.set(beast::http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.body() = std::move(response.body);
  message.keep_alive(keep_alive);
  message.prepare_payload();
  return message;
}

// A client whose machine or network is gone says no goodbye. tcp(7): asked after ten seconds of silence, and given up
// after three questions that nobody answered.
void NoticeLoss(int fd) {
  constexpr std::array<std::pair<int, int>, 3> kOptions = {{{TCP_KEEPIDLE, 10}, {TCP_KEEPINTVL, 5}, {TCP_KEEPCNT, 3}}};
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  for (const auto& [option, value] : kOptions) ::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value));
}

std::optional<Peer::Process> ProcessAt(int fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return Peer::Process{.pid = credentials.pid, .uid = credentials.uid};
}

std::unexpected<Error> CannotListen(std::string_view where, const error_code& error) {
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: {}", where, error.message()));
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerOptions options) : options_(std::move(options)) {
    if (options_.limits.requests_per_second) limiter_.emplace(*options_.limits.requests_per_second);
  }

  ~Impl() { Stop(); }

  Result<void> Listen() {
    if (options_.tcp) ZEUS_RETURN_IF_ERROR(ListenOnTcp());
    if (options_.socket) ZEUS_RETURN_IF_ERROR(ListenOnSocket(*options_.socket));
    if (!options_.tcp && !options_.socket) return Fail(ErrorCode::kInvalidArgument, "no address to listen on");
    return {};
  }

  void Serve(Router router) {
    router_ = std::move(router);
    if (tcp_) net::co_spawn(io_, Accept(*tcp_), net::detached);
    if (unix_) net::co_spawn(io_, Accept(*unix_), net::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  void Stop() {
    const std::scoped_lock lock(stopping_mutex_);
    if (thread_.joinable()) {
      net::post(io_, [this] { BeginStop(); });
      thread_.join();
    }
    if (std::exchange(has_socket_file_, false)) ::unlink(options_.socket->c_str());
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
    ZEUS_RETURN_IF_ERROR(ClearSocketFile(path));
    error_code error;
    unix_.emplace(io_);
    unix_->open(UnixProtocol(), error);
    if (!error) unix_->bind(path.native(), error);
    if (error) return CannotListen(path.native(), error);
    Result<void> ready = SetSocketAccess(path, options_.socket_access);
    if (ready) {
      unix_->listen(net::socket_base::max_listen_connections, error);
      if (error) ready = CannotListen(path.native(), error);
    }
    if (!ready) ::unlink(path.c_str());
    has_socket_file_ = ready.has_value();
    return ready;
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
      Peer peer;
      if constexpr (std::is_same_v<Acceptor, net::ip::tcp::acceptor>) {
        socket.set_option(net::ip::tcp::no_delay(true), error);
        NoticeLoss(socket.native_handle());
        const auto endpoint = socket.remote_endpoint(error);
        if (!error) peer.address = endpoint.address().to_string();
      } else {
        peer.process = ProcessAt(socket.native_handle());
      }
      auto connection = std::make_shared<Connection>(net::generic::stream_protocol::socket(std::move(socket)));
      connection->peer = std::move(peer);
      net::co_spawn(io_, Serve(std::move(connection)), net::detached);
    }
  }

  net::awaitable<void> Serve(std::shared_ptr<Connection> connection) {
    if (connections_.size() >= options_.limits.connections) {
      co_await Refuse(*connection, Problem(503, "too many connections"));
      co_return;
    }
    connections_.insert(connection);
    bool goes_on = true;
    while (goes_on && !stopping_) goes_on = co_await ServeOne(connection);
    connections_.erase(connection);
    error_code ignored;
    connection->stream.socket().shutdown(net::socket_base::shutdown_send, ignored);
    connection->stream.close();
    EndWhenDone();
  }

  // One request; whether the connection stays open.
  net::awaitable<bool> ServeOne(std::shared_ptr<Connection> shared) {
    Connection& connection = *shared;
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
      if (co_await Refuse(connection, ForReadError(error))) co_await Drain(connection);
      co_return false;
    }
    co_return co_await Answer(std::move(shared), parser.release());
  }

  net::awaitable<bool> Answer(std::shared_ptr<Connection> shared,
                              beast::http::request<beast::http::string_body> message) {
    Connection& connection = *shared;
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
    if (!MayAsk(connection.peer.address, begin)) {
      Response refusal = Problem(429, "too many requests");
      refusal.headers.emplace_back("Retry-After", "1");
      responder.Send(std::move(refusal));
    } else if (target) {
      Request request{.method = record.method,
                      .segments = std::move(target->segments),
                      .query = std::move(target->query),
                      .parameters = {},
                      .headers = HeadersOf(message),
                      .body = std::move(message.body()),
                      .peer = connection.peer};
      record.route = router_.Dispatch(std::move(request), std::move(responder));
    } else {
      responder.Send(Problem(400, target.error().message));
    }
    error_code ignored;
    while (!exchange->response) co_await exchange->ready.async_wait(net::redirect_error(net::use_awaitable, ignored));
    record.status = exchange->response->status;
    const bool streams = exchange->response->stream != nullptr;
    const bool stays = keep_alive && !stopping_ && !streams;
    bool written = true;
    if (!streams) written = co_await Write(connection, *std::move(exchange->response), stays);
    Tell(std::move(record), begin);
    if (streams) co_await WriteStream(std::move(shared), *std::move(exchange->response));
    co_return written&& stays;
  }

  // Answers what is no request, or one too many.
  net::awaitable<bool> Refuse(Connection& connection, Response response) {
    const auto begin = std::chrono::steady_clock::now();
    const int status = response.status;
    const bool written = co_await Write(connection, std::move(response), false);
    Tell({.method = {}, .target = {}, .status = status}, begin);
    co_return written;
  }

  void Tell(AccessRecord record, std::chrono::steady_clock::time_point begin) const {
    if (!options_.log) return;
    record.time = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    options_.log(record);
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

  // From any thread. Those that are woken together wake our thread once.
  void WakeStream(std::shared_ptr<StreamState> state) {
    {
      const std::scoped_lock lock(woken_mutex_);
      woken_.push_back(std::move(state));
      if (woken_.size() > 1) return;
    }
    net::post(io_, [this] {
      std::vector<std::shared_ptr<StreamState>> woken;
      {
        const std::scoped_lock lock(woken_mutex_);
        woken.swap(woken_);
      }
      for (std::shared_ptr<StreamState>& each : woken) {
        if (each->gather_time.count() > 0) {
          AwaitMore(std::move(each));
        } else {
          each->Continue();
        }
      }
    });
  }

  // At full multiples, so that one wake-up serves all streams.
  void AwaitMore(std::shared_ptr<StreamState> state) {
    gathering_.push_back(std::move(state));
    if (gathering_.size() > 1) return;
    const std::chrono::nanoseconds time = gathering_.front()->gather_time;
    const auto now = std::chrono::steady_clock::now();
    gather_.expires_at(now - now.time_since_epoch() % time + time);
    gather_.async_wait([this](const error_code&) {
      for (const std::shared_ptr<StreamState>& each : std::exchange(gathering_, {})) each->Continue();
    });
  }

  // Until the client goes away or we stop. No time limit: a client that takes nothing costs its socket's buffer alone.
  net::awaitable<void> WriteStream(std::shared_ptr<Connection> connection, Response response) {
    const std::shared_ptr<BodyStream> body = std::move(response.stream);
    beast::http::response<beast::http::empty_body> head(static_cast<beast::http::status>(response.status), 11);
    head.set(beast::http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) head.set(name, value);
    head.chunked(true);
    beast::http::response_serializer<beast::http::empty_body> serializer(head);
    error_code error;
    connection->stream.expires_after(options_.limits.transfer);
    co_await beast::http::async_write_header(connection->stream, serializer,
                                             net::redirect_error(net::use_awaitable, error));
    if (error) co_return;
    connection->stream.expires_never();
    const auto state = std::make_shared<StreamState>(io_, body->GatherTime());
    connection->streaming = state;
    body->OnNews([this, state] { WakeStream(state); });
    const std::shared_ptr<void> ended(nullptr, [&body](void*) { body->OnNews({}); });
    net::co_spawn(io_, AwaitEnd(connection, state), net::detached);
    while (!stopping_ && !state->gone) {
      error_code ignored;
      if (!state->news) {
        co_await state->wake.async_wait(net::redirect_error(net::use_awaitable, ignored));
        continue;
      }
      state->news = false;
      // Again after a piece: there may be more since it was taken.
      for (std::string piece = body->Take(); !piece.empty(); piece = body->Take()) {
        const auto chunk = beast::http::make_chunk(net::buffer(piece));
        co_await net::async_write(connection->stream, chunk, net::redirect_error(net::use_awaitable, error));
        if (error) co_return;
        if (stopping_ || state->gone) break;
      }
    }
    if (state->gone) co_return;
    connection->stream.expires_after(options_.limits.transfer);
    const auto last = beast::http::make_chunk_last();
    co_await net::async_write(connection->stream, last, net::redirect_error(net::use_awaitable, error));
  }

  // A client that streams has nothing more to say but that it goes away.
  static net::awaitable<void> AwaitEnd(std::shared_ptr<Connection> connection, std::shared_ptr<StreamState> state) {
    std::array<char, 256> unwanted;
    error_code error;
    while (!error) {
      co_await connection->stream.async_read_some(net::buffer(unwanted),
                                                  net::redirect_error(net::use_awaitable, error));
    }
    state->gone = true;
    state->wake.cancel();
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
      if (connection->streaming) connection->streaming->wake.cancel();
      if (connection->idle) connection->stream.close();
    }
    // A stream ends with what is being written, unless its client takes nothing.
    last_pieces_.expires_after(std::min<net::steady_timer::duration>(options_.grace, kLastPieceTime));
    last_pieces_.async_wait([this](const error_code& error) {
      if (error) return;
      for (const std::shared_ptr<Connection>& connection : connections_) {
        if (connection->streaming) connection->stream.close();
      }
    });
    grace_.expires_after(options_.grace);
    grace_.async_wait([this](const error_code& error) {
      if (!error) io_.stop();
    });
    EndWhenDone();
  }

  void EndWhenDone() {
    if (!stopping_ || !connections_.empty()) return;
    grace_.cancel();
    last_pieces_.cancel();
  }

  ServerOptions options_;
  Router router_;  // Set before the thread runs.
  bool has_socket_file_ = false;
  std::mutex stopping_mutex_;  // One Stop() at a time.
  std::thread thread_;

  std::mutex woken_mutex_;
  std::vector<std::shared_ptr<StreamState>> woken_;  // Guarded by it: streams that have news.

  // On the thread alone, once it runs.
  net::io_context io_{1};
  std::optional<net::ip::tcp::acceptor> tcp_;
  std::optional<UnixProtocol::acceptor> unix_;
  net::steady_timer grace_{io_};
  net::steady_timer last_pieces_{io_};
  net::steady_timer gather_{io_};
  std::vector<std::shared_ptr<StreamState>> gathering_;  // Until that is over.
  std::optional<RateLimiter> limiter_;
  std::set<std::shared_ptr<Connection>> connections_;  // Shared with the connection's own coroutine.
  bool stopping_ = false;
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
