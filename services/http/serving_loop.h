#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/http/deadlines.h"
#include "services/http/loop_executor.h"
#include "services/http/rate_limiter.h"
#include "services/http/router.h"
#include "services/http/server.h"
#include "services/http/server_connection.h"
#include "services/http/serving_thread.h"
#include "services/http/stream_wakes.h"

namespace zeus::http {

/// What the threads of a server have in common.
struct ServerShared {
  ServerOptions options;  // Constant, as the router, once they run.
  Router router;
  std::optional<RateLimiter> limiter;
  std::atomic<size_t> connections = 0;
};

/// One of a server's threads, and the connections that it answers.
class ServingLoop {
 public:
  /// `shared` outlives it.
  explicit ServingLoop(ServerShared& shared);

  [[nodiscard]] boost::asio::io_context& io() { return io_; }

  /// Once. What is streamed is sent by `streams`, which may be this one: where many listen to the same thing, one
  /// thread wakes up for all of them.
  void Start(ServingLoop& streams);
  /// Answers a client from now on; the socket is one of this loop's context. From any thread.
  void Take(ServerConnection::Socket socket, Peer peer);
  /// Takes no new requests, and finishes those under way within the grace. From any thread but its own.
  void Stop();
  /// Waits for that; once those that hand it streams have ended.
  void Join();

 private:
  struct Exchange;
  struct Answered {
    std::shared_ptr<ServerConnection> connection;
    std::shared_ptr<Exchange> exchange;
  };
  using ErrorCode = boost::system::error_code;

  void TakeStream(ServerConnection& connection, Response response);
  Awaitable<void> Serve(std::shared_ptr<ServerConnection> connection);
  Awaitable<void> ServeStream(std::shared_ptr<ServerConnection> connection, Response response);
  void Begin(const std::shared_ptr<ServerConnection>& connection);
  void End(const std::shared_ptr<ServerConnection>& connection);

  ErrorCode BeginRequest(ServerConnection& connection, ServerConnection::Parser& parser);
  ErrorCode Parse(ServerConnection& connection, ServerConnection::Parser& parser);
  // To a client that takes less than it has asked for.
  Awaitable<ErrorCode> SendRest(ServerConnection& connection, const ServerConnection::Parser& parser);
  Awaitable<void> TellMisunderstood(ServerConnection& connection, ErrorCode error);
  // Has the handler answer, now or later.
  void Ask(ServerConnection& connection, const std::shared_ptr<Exchange>& exchange);
  // There is an answer, it has an end, and the connection goes on: no need for a coroutine of its own.
  [[nodiscard]] bool IsSimple(const Exchange& exchange) const;
  // Waits for the answer, if need be, and sends it. Whether the connection goes on.
  Awaitable<bool> Answer(const std::shared_ptr<ServerConnection>& connection,
                         const std::shared_ptr<Exchange>& exchange);
  // Sends the answer behind the requests that are here already: their answers leave together, and wake a client that
  // has several once.
  void SendSoon(const std::shared_ptr<ServerConnection>& connection, std::shared_ptr<Exchange> exchange);
  void SendAnswered();
  // Answers what is no request, or one too many.
  Awaitable<bool> Refuse(ServerConnection& connection, Response response);
  // What is unsent, and then these.
  Awaitable<bool> Write(ServerConnection& connection, std::string bytes);
  Awaitable<bool> WriteUnsent(ServerConnection& connection);
  // Until the client goes away or we stop. No time limit: a client that takes nothing costs its socket's buffer alone.
  Awaitable<void> WriteStream(std::shared_ptr<ServerConnection> connection, Response response);
  // A client that streams has nothing more to say but that it goes away.
  static Awaitable<void> AwaitEnd(std::shared_ptr<ServerConnection> connection, std::shared_ptr<StreamState> state);
  Awaitable<void> Drain(ServerConnection& connection);

  void Tell(Exchange& exchange) const;
  void Tell(AccessRecord record, std::chrono::steady_clock::time_point begin) const;
  void BeginStop();
  void EndWhenDone();

  ServerShared& shared_;
  ServingLoop* streams_ = this;  // Set before the thread runs.

  // On the thread alone, once it runs.
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> until_joined_{io_.get_executor()};
  boost::asio::steady_timer grace_{io_};
  boost::asio::steady_timer last_pieces_{io_};
  Deadlines deadlines_;
  StreamWakes wakes_{io_};
  std::vector<Answered> answered_;  // Their answers are unsent.
  bool stopping_ = false;

  ServingThread thread_{io_};  // The last: it uses the others.
};

}  // namespace zeus::http
