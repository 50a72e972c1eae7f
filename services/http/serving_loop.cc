#include "services/http/serving_loop.h"

#include <algorithm>
#include <array>
#include <boost/asio.hpp>
#include <boost/beast/http.hpp>
#include <string_view>
#include <thread>
#include <vector>

#include "services/http/message_text.h"
#include "services/http/target.h"

namespace zeus::http {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace {

// How much of an unwanted body is read away, so that the client gets to see our answer, and for how long.
constexpr size_t kDrainBytes = size_t{64} * 1024 * 1024;
constexpr auto kDrainTime = std::chrono::seconds(5);

// What a stream's client has, when the server stops, to take what it is being sent.
constexpr auto kLastPieceTime = std::chrono::seconds(1);

}  // namespace

// A request that came, and where a Responder, on any thread, leaves what the connection's coroutine waits for.
struct ServingLoop::Exchange {
  ServingLoop& loop;
  beast::http::request<beast::http::string_body> message;
  AccessRecord record;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::optional<Response> response;
  std::optional<net::steady_timer> ready;  // Where the response is waited for; cancelled when it is there.
  // The thread that is asking the handler, which may answer right away. No other one ever finds its own id here.
  std::atomic<std::thread::id> asking;
};

ServingLoop::ServingLoop(ServerShared& shared)
    : shared_(shared), deadlines_(io_, std::min(shared.options.limits.idle, shared.options.limits.transfer)) {}

void ServingLoop::Start(ServingLoop& streams) {
  streams_ = &streams;
  thread_.Start();
}

void ServingLoop::Take(ServerConnection::Socket socket, Peer peer) {
  auto connection = std::make_shared<ServerConnection>(std::move(socket));
  connection->peer = std::move(peer);
  net::co_spawn(io_, Serve(std::move(connection)), net::detached);
}

void ServingLoop::TakeStream(ServerConnection& connection, Response response) {
  net::co_spawn(io_, ServeStream(connection.MoveTo(io_), std::move(response)), net::detached);
}

void ServingLoop::Stop() {
  net::post(io_, [this] { BeginStop(); });
}

void ServingLoop::Join() {
  until_joined_.reset();
  thread_.Join();
}

Awaitable<void> ServingLoop::Serve(std::shared_ptr<ServerConnection> connection) {
  if (shared_.connections >= shared_.options.limits.connections) {
    co_await Refuse(*connection, Problem(503, "too many connections"));
    co_return;
  }
  Begin(connection);
  while (!stopping_) {
    ServerConnection::Parser parser;
    error_code error = BeginRequest(*connection, parser);
    while (!error && !parser.is_done()) {
      const size_t size =
          co_await connection->socket.async_read_some(connection->Room(parser), net::redirect_error(kAwait, error));
      if (!connection->unsent.empty()) error = co_await SendRest(*connection, parser);
      if (error) break;
      connection->buffer.commit(size);
      error = Parse(*connection, parser);
    }
    if (error) {
      co_await TellMisunderstood(*connection, error);
      break;
    }
    if (!connection->unsent.empty()) {
      const bool written = co_await WriteUnsent(*connection);
      if (!written) break;
    }
    auto exchange = std::make_shared<Exchange>(*this, parser.release());
    Ask(*connection, exchange);
    if (IsSimple(*exchange)) {
      SendSoon(connection, std::move(exchange));
    } else {
      const bool goes_on = co_await Answer(connection, exchange);
      if (!goes_on) break;
    }
  }
  End(connection);
}

Awaitable<void> ServingLoop::ServeStream(std::shared_ptr<ServerConnection> connection, Response response) {
  Begin(connection);
  if (!stopping_) co_await WriteStream(connection, std::move(response));
  End(connection);
}

void ServingLoop::Begin(const std::shared_ptr<ServerConnection>& connection) {
  ++shared_.connections;
  deadlines_.Add(connection);
}

void ServingLoop::End(const std::shared_ptr<ServerConnection>& connection) {
  --shared_.connections;
  deadlines_.Remove(connection);
  error_code ignored;
  connection->SendUnsent();
  connection->socket.shutdown(net::socket_base::shutdown_send, ignored);
  connection->Close();
  EndWhenDone();
}

error_code ServingLoop::BeginRequest(ServerConnection& connection, ServerConnection::Parser& parser) {
  parser.eager(true);
  parser.header_limit(shared_.options.limits.header_bytes);
  parser.body_limit(shared_.options.limits.body_bytes);
  connection.idle = true;
  deadlines_.Set(connection, shared_.options.limits.idle);
  return Parse(connection, parser);
}

error_code ServingLoop::Parse(ServerConnection& connection, ServerConnection::Parser& parser) {
  const error_code error = connection.Parse(parser);
  if (connection.idle && parser.is_header_done() && !parser.is_done()) {
    connection.idle = false;
    deadlines_.Set(connection, shared_.options.limits.transfer);
  }
  return error;
}

Awaitable<error_code> ServingLoop::SendRest(ServerConnection& connection, const ServerConnection::Parser& parser) {
  const bool written = co_await WriteUnsent(connection);
  if (!written || stopping_) co_return net::error::operation_aborted;
  connection.idle = !parser.is_header_done();
  deadlines_.Set(connection, connection.idle ? shared_.options.limits.idle : shared_.options.limits.transfer);
  co_return error_code();
}

Awaitable<void> ServingLoop::TellMisunderstood(ServerConnection& connection, error_code error) {
  connection.idle = false;
  const bool misunderstood = error.category() == error_code(beast::http::error::header_limit).category();
  if (!misunderstood) co_return;
  const bool told = co_await Refuse(connection, ForReadError(error));
  if (told) co_await Drain(connection);
}

bool ServingLoop::IsSimple(const Exchange& exchange) const {
  return exchange.response && !exchange.response->stream && exchange.message.keep_alive() && !stopping_;
}

Awaitable<bool> ServingLoop::Answer(const std::shared_ptr<ServerConnection>& connection,
                                    const std::shared_ptr<Exchange>& exchange) {
  while (!exchange->response) {
    if (!exchange->ready) exchange->ready.emplace(io_, net::steady_timer::time_point::max());
    error_code ignored;
    co_await exchange->ready->async_wait(net::redirect_error(kAwait, ignored));
  }
  if (exchange->response->stream) {
    Tell(*exchange);
    if (streams_ == this) {
      co_await WriteStream(connection, *std::move(exchange->response));
    } else {
      streams_->TakeStream(*connection, *std::move(exchange->response));
    }
    co_return false;
  }
  if (IsSimple(*exchange)) {
    SendSoon(connection, exchange);
    co_return true;
  }
  co_await Write(*connection, WholeMessage(*exchange->response, false));
  Tell(*exchange);
  co_return false;
}

void ServingLoop::SendSoon(const std::shared_ptr<ServerConnection>& connection, std::shared_ptr<Exchange> exchange) {
  connection->AddUnsent(WholeMessage(*exchange->response, true));
  if (answered_.empty()) net::post(io_, [this] { SendAnswered(); });
  answered_.push_back({connection, std::move(exchange)});
}

void ServingLoop::SendAnswered() {
  for (const Answered& each : answered_) each.connection->SendUnsent();
  for (const Answered& each : answered_) Tell(*each.exchange);
  answered_.clear();
}

void ServingLoop::Ask(ServerConnection& connection, const std::shared_ptr<Exchange>& exchange) {
  connection.idle = false;
  Deadlines::Clear(connection);  // The handler takes its time.
  auto& message = exchange->message;
  if (shared_.options.log) {
    exchange->record.method = std::string(message.method_string());
    exchange->record.target = std::string(message.target());
  }
  Responder responder([exchange](Response response) {
    if (exchange->asking.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
      exchange->response = std::move(response);
      return;
    }
    net::post(exchange->loop.io_, [exchange, response = std::move(response)]() mutable {
      exchange->response = std::move(response);
      if (exchange->ready) exchange->ready->cancel();
    });
  });
  exchange->asking.store(std::this_thread::get_id(), std::memory_order_relaxed);
  Result<Target> target = ParseTarget(std::string_view(message.target().data(), message.target().size()));
  const std::string& client = connection.peer.address;
  if (shared_.limiter && !client.empty() && !shared_.limiter->Allow(client, exchange->begin)) {
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
    exchange->record.route = shared_.router.Dispatch(std::move(request), std::move(responder));
  } else {
    responder.Send(Problem(400, target.error().message));
  }
  exchange->asking.store({}, std::memory_order_relaxed);
}

Awaitable<bool> ServingLoop::Refuse(ServerConnection& connection, Response response) {
  const auto begin = std::chrono::steady_clock::now();
  const int status = response.status;
  const bool written = co_await Write(connection, WholeMessage(response, false));
  Tell({.method = {}, .target = {}, .status = status}, begin);
  co_return written;
}

void ServingLoop::Tell(Exchange& exchange) const {
  exchange.record.status = exchange.response->status;
  Tell(std::move(exchange.record), exchange.begin);
}

void ServingLoop::Tell(AccessRecord record, std::chrono::steady_clock::time_point begin) const {
  if (!shared_.options.log) return;
  record.time = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
  shared_.options.log(record);
}

Awaitable<bool> ServingLoop::Write(ServerConnection& connection, std::string bytes) {
  connection.AddUnsent(std::move(bytes));
  return WriteUnsent(connection);
}

Awaitable<bool> ServingLoop::WriteUnsent(ServerConnection& connection) {
  deadlines_.Set(connection, shared_.options.limits.transfer);
  const std::string bytes = std::exchange(connection.unsent, {});
  const error_code error = co_await connection.Write(bytes);
  co_return !error;
}

Awaitable<void> ServingLoop::WriteStream(std::shared_ptr<ServerConnection> connection, Response response) {
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
      co_await state->wake.async_wait(net::redirect_error(kAwait, ignored));
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

Awaitable<void> ServingLoop::AwaitEnd(std::shared_ptr<ServerConnection> connection,
                                      std::shared_ptr<StreamState> state) {
  std::array<char, 256> unwanted;
  error_code error;
  while (!error) {
    co_await connection->socket.async_read_some(net::buffer(unwanted), net::redirect_error(kAwait, error));
  }
  state->gone = true;
  state->wake.cancel();
}

Awaitable<void> ServingLoop::Drain(ServerConnection& connection) {
  error_code error;
  connection.socket.shutdown(net::socket_base::shutdown_send, error);
  deadlines_.Set(connection, kDrainTime);
  std::vector<char> away(size_t{64} * 1024);
  for (size_t drained = 0; !error && drained < kDrainBytes;) {
    drained += co_await connection.socket.async_read_some(net::buffer(away), net::redirect_error(kAwait, error));
  }
}

void ServingLoop::BeginStop() {
  stopping_ = true;
  SendAnswered();
  for (const std::shared_ptr<ServerConnection>& connection : deadlines_.connections()) {
    if (connection->streaming) connection->streaming->wake.cancel();
    if (connection->idle) connection->Close();
  }
  // A stream ends with what is being written, unless its client takes nothing.
  last_pieces_.expires_after(std::min<net::steady_timer::duration>(shared_.options.grace, kLastPieceTime));
  last_pieces_.async_wait([this](const error_code& error) {
    if (error) return;
    for (const std::shared_ptr<ServerConnection>& connection : deadlines_.connections()) {
      if (connection->streaming) connection->Close();
    }
  });
  grace_.expires_after(shared_.options.grace);
  grace_.async_wait([this](const error_code& error) {
    if (!error) io_.stop();
  });
  EndWhenDone();
}

void ServingLoop::EndWhenDone() {
  if (!stopping_ || !deadlines_.connections().empty()) return;
  deadlines_.Stop();
  grace_.cancel();
  last_pieces_.cancel();
}

}  // namespace zeus::http
