#include "services/http/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <thread>
#include <utility>  // Asio 1.74 forgets it.

#include "services/http/deadlines.h"
#include "services/http/listening.h"
#include "services/http/message_text.h"
#include "services/http/rate_limiter.h"
#include "services/http/server_connection.h"
#include "services/http/serving_thread.h"
#include "services/http/stream_wakes.h"
#include "services/http/target.h"

namespace zeus::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

// How much of an unwanted body is read away, so that the client gets to see our answer, and for how long.
constexpr size_t kDrainBytes = size_t{64} * 1024 * 1024;
constexpr auto kDrainTime = std::chrono::seconds(5);

// Connections that are taken in before others get a turn.
constexpr int kAcceptedAtOnce = 64;

// What a stream's client has, when the server stops, to take what it is being sent.
constexpr auto kLastPieceTime = std::chrono::seconds(1);

// A request that came, and where a Responder, on any thread, leaves what the connection's coroutine waits for.
struct Exchange {
  beast::http::request<beast::http::string_body> message;
  AccessRecord record;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::optional<Response> response;
  std::optional<net::steady_timer> ready;  // Where the response is waited for; cancelled when it is there.
  // The thread that is asking the handler, which may answer right away. No other one ever finds its own id here.
  std::atomic<std::thread::id> asking;
};

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerOptions options)
      : options_(std::move(options)), deadlines_(io_, std::min(options_.limits.idle, options_.limits.transfer)) {
    if (options_.limits.requests_per_second) limiter_.emplace(*options_.limits.requests_per_second);
  }

  ~Impl() { Stop(); }

  Result<void> Listen() {
    if (options_.tcp) {
      ZEUS_ASSIGN_OR_RETURN(tcp_, ListenOnTcp(io_, *options_.tcp));
      options_.tcp->port = tcp_->local_endpoint().port();
    }
    if (options_.socket) {
      ZEUS_ASSIGN_OR_RETURN(unix_, ListenOnSocket(io_, *options_.socket, options_.socket_access));
      has_socket_file_ = true;
    }
    if (!options_.tcp && !options_.socket) return Fail(ErrorCode::kInvalidArgument, "no address to listen on");
    return {};
  }

  void Serve(Router router) {
    router_ = std::move(router);
    if (tcp_) net::co_spawn(io_, Accept(*tcp_), net::detached);
    if (unix_) net::co_spawn(io_, Accept(*unix_), net::detached);
    thread_.Start();
    serves_ = true;
  }

  void Stop() {
    const std::scoped_lock lock(stopping_mutex_);
    if (std::exchange(serves_, false)) {
      net::post(io_, [this] { BeginStop(); });
      thread_.Join();
    }
    if (std::exchange(has_socket_file_, false)) ::unlink(options_.socket->c_str());
  }

  [[nodiscard]] const std::optional<TcpAddress>& tcp() const { return options_.tcp; }

 private:
  template <class Acceptor>
  net::awaitable<void> Accept(Acceptor& acceptor) {
    error_code error;
    acceptor.non_blocking(true, error);
    while (!stopping_) {
      auto socket = co_await acceptor.async_accept(net::redirect_error(net::use_awaitable, error));
      if (stopping_) break;
      if (error) {
        // Out of descriptors, most likely: others end sooner or later.
        net::steady_timer pause(io_, std::chrono::milliseconds(50));
        co_await pause.async_wait(net::redirect_error(net::use_awaitable, error));
        continue;
      }
      // Those who wait behind it come along: a queue that is full turns others away.
      for (int left = kAcceptedAtOnce; left > 0 && !error; --left) {
        const Peer peer = Greet(socket);
        auto connection = std::make_shared<ServerConnection>(net::generic::stream_protocol::socket(std::move(socket)));
        connection->peer = peer;
        net::co_spawn(io_, Serve(std::move(connection)), net::detached);
        if (left > 1) socket = acceptor.accept(error);
      }
    }
  }

  net::awaitable<void> Serve(std::shared_ptr<ServerConnection> connection) {
    if (deadlines_.connections().size() >= options_.limits.connections) {
      co_await Refuse(*connection, Problem(503, "too many connections"));
      co_return;
    }
    deadlines_.Add(connection);
    bool goes_on = true;
    while (goes_on && !stopping_) goes_on = co_await ServeOne(connection);
    deadlines_.Remove(connection);
    error_code ignored;
    connection->socket.shutdown(net::socket_base::shutdown_send, ignored);
    connection->Close();
    EndWhenDone();
  }

  // One request; whether the connection stays open.
  net::awaitable<bool> ServeOne(const std::shared_ptr<ServerConnection>& shared) {
    ServerConnection& connection = *shared;
    ServerConnection::Parser parser;
    parser.eager(true);
    parser.header_limit(options_.limits.header_bytes);
    parser.body_limit(options_.limits.body_bytes);
    connection.idle = true;
    deadlines_.Set(connection, options_.limits.idle);
    error_code error = Parse(connection, parser);
    while (!error && !parser.is_done()) {
      const size_t size = co_await connection.socket.async_read_some(connection.Room(parser),
                                                                     net::redirect_error(net::use_awaitable, error));
      if (error) break;
      connection.buffer.commit(size);
      error = Parse(connection, parser);
    }
    connection.idle = false;
    if (error) {
      const bool misunderstood = error.category() == error_code(beast::http::error::header_limit).category();
      if (misunderstood && co_await Refuse(connection, ForReadError(error))) co_await Drain(connection);
      co_return false;
    }
    Deadlines::Clear(connection);  // The handler takes its time.

    const auto exchange = std::make_shared<Exchange>(parser.release());
    const bool keep_alive = exchange->message.keep_alive();
    Ask(connection, exchange);
    while (!exchange->response) {
      if (!exchange->ready) exchange->ready.emplace(io_, net::steady_timer::time_point::max());
      co_await exchange->ready->async_wait(net::redirect_error(net::use_awaitable, error));
    }
    if (exchange->response->stream) {
      Tell(*exchange);
      co_await WriteStream(shared, *std::move(exchange->response));
      co_return false;
    }
    const bool stays = keep_alive && !stopping_;
    std::string answer = WholeMessage(*exchange->response, stays);
    std::string_view rest = answer;
    bool written = !connection.WriteSome(rest);
    if (written && !rest.empty()) {
      answer.erase(0, answer.size() - rest.size());
      written = co_await Write(connection, std::move(answer));
    }
    Tell(*exchange);
    co_return written&& stays;
  }

  error_code Parse(ServerConnection& connection, ServerConnection::Parser& parser) {
    const error_code error = connection.Parse(parser);
    if (connection.idle && parser.is_header_done() && !parser.is_done()) {
      connection.idle = false;
      deadlines_.Set(connection, options_.limits.transfer);
    }
    return error;
  }

  // Has the handler answer, now or later.
  void Ask(const ServerConnection& connection, const std::shared_ptr<Exchange>& exchange) {
    auto& message = exchange->message;
    if (options_.log) {
      exchange->record.method = std::string(message.method_string());
      exchange->record.target = std::string(message.target());
    }
    Responder responder([this, exchange](Response response) {
      if (exchange->asking.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
        exchange->response = std::move(response);
        return;
      }
      net::post(io_, [exchange, response = std::move(response)]() mutable {
        exchange->response = std::move(response);
        if (exchange->ready) exchange->ready->cancel();
      });
    });
    exchange->asking.store(std::this_thread::get_id(), std::memory_order_relaxed);
    Result<Target> target = ParseTarget(std::string_view(message.target().data(), message.target().size()));
    if (!MayAsk(connection.peer.address, exchange->begin)) {
      Response refusal = Problem(429, "too many requests");
      refusal.headers.emplace_back("Retry-After", "1");
      responder.Send(std::move(refusal));
    } else if (target) {
      Request request{.method = std::string(message.method_string()),
                      .segments = std::move(target->segments),
                      .query = std::move(target->query),
                      .parameters = {},
                      .headers = HeadersOf(message),
                      .body = std::move(message.body()),
                      .peer = connection.peer};
      exchange->record.route = router_.Dispatch(std::move(request), std::move(responder));
    } else {
      responder.Send(Problem(400, target.error().message));
    }
    exchange->asking.store({}, std::memory_order_relaxed);
  }

  // Answers what is no request, or one too many.
  net::awaitable<bool> Refuse(ServerConnection& connection, Response response) {
    const auto begin = std::chrono::steady_clock::now();
    const int status = response.status;
    const bool written = co_await Write(connection, WholeMessage(response, false));
    Tell({.method = {}, .target = {}, .status = status}, begin);
    co_return written;
  }

  void Tell(Exchange& exchange) const {
    exchange.record.status = exchange.response->status;
    Tell(std::move(exchange.record), exchange.begin);
  }

  void Tell(AccessRecord record, std::chrono::steady_clock::time_point begin) const {
    if (!options_.log) return;
    record.time = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    options_.log(record);
  }

  bool MayAsk(const std::string& client, std::chrono::steady_clock::time_point now) {
    return !limiter_ || client.empty() || limiter_->Allow(client, now);
  }

  net::awaitable<bool> Write(ServerConnection& connection, std::string bytes) {
    deadlines_.Set(connection, options_.limits.transfer);
    const error_code error = co_await connection.Write(bytes);
    co_return !error;
  }

  // Until the client goes away or we stop. No time limit: a client that takes nothing costs its socket's buffer alone.
  net::awaitable<void> WriteStream(std::shared_ptr<ServerConnection> connection, Response response) {
    const std::shared_ptr<BodyStream> body = std::move(response.stream);
    if (!co_await Write(*connection, HeadOfChunked(response))) co_return;
    Deadlines::Clear(*connection);
    const auto state = std::make_shared<StreamState>(io_, body->GatherTime());
    connection->streaming = state;
    body->OnNews([this, state] { wakes_.Wake(state); });
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
        const std::string chunk = Chunk(piece);
        if (co_await connection->Write(chunk)) co_return;
        if (stopping_ || state->gone) break;
      }
    }
    if (!state->gone) co_await Write(*connection, Chunk(""));
  }

  // A client that streams has nothing more to say but that it goes away.
  static net::awaitable<void> AwaitEnd(std::shared_ptr<ServerConnection> connection,
                                       std::shared_ptr<StreamState> state) {
    std::array<char, 256> unwanted;
    error_code error;
    while (!error) {
      co_await connection->socket.async_read_some(net::buffer(unwanted),
                                                  net::redirect_error(net::use_awaitable, error));
    }
    state->gone = true;
    state->wake.cancel();
  }

  net::awaitable<void> Drain(ServerConnection& connection) {
    error_code error;
    connection.socket.shutdown(net::socket_base::shutdown_send, error);
    deadlines_.Set(connection, kDrainTime);
    std::vector<char> away(size_t{64} * 1024);
    for (size_t drained = 0; !error && drained < kDrainBytes;) {
      drained +=
          co_await connection.socket.async_read_some(net::buffer(away), net::redirect_error(net::use_awaitable, error));
    }
  }

  void BeginStop() {
    stopping_ = true;
    error_code ignored;
    if (tcp_) tcp_->close(ignored);
    if (unix_) unix_->close(ignored);
    for (const std::shared_ptr<ServerConnection>& connection : deadlines_.connections()) {
      if (connection->streaming) connection->streaming->wake.cancel();
      if (connection->idle) connection->Close();
    }
    // A stream ends with what is being written, unless its client takes nothing.
    last_pieces_.expires_after(std::min<net::steady_timer::duration>(options_.grace, kLastPieceTime));
    last_pieces_.async_wait([this](const error_code& error) {
      if (error) return;
      for (const std::shared_ptr<ServerConnection>& connection : deadlines_.connections()) {
        if (connection->streaming) connection->Close();
      }
    });
    grace_.expires_after(options_.grace);
    grace_.async_wait([this](const error_code& error) {
      if (!error) io_.stop();
    });
    EndWhenDone();
  }

  void EndWhenDone() {
    if (!stopping_ || !deadlines_.connections().empty()) return;
    deadlines_.Stop();
    grace_.cancel();
    last_pieces_.cancel();
  }

  ServerOptions options_;
  Router router_;  // Set before the thread runs.
  bool has_socket_file_ = false;
  std::mutex stopping_mutex_;  // One Stop() at a time.
  bool serves_ = false;        // Guarded by it, once it is set.

  // On the thread alone, once it runs.
  net::io_context io_;
  std::optional<net::ip::tcp::acceptor> tcp_;
  std::optional<net::local::stream_protocol::acceptor> unix_;
  net::steady_timer grace_{io_};
  net::steady_timer last_pieces_{io_};
  std::optional<RateLimiter> limiter_;
  Deadlines deadlines_;
  StreamWakes wakes_{io_};
  bool stopping_ = false;

  ServingThread thread_{io_};  // The last: it uses the others.
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
