#include "zeus/http_client/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <limits>
#include <utility>  // Asio 1.74 forgets it.

namespace zeus::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Stream = beast::basic_stream<net::generic::stream_protocol>;
using Parser = beast::http::response_parser<beast::http::string_body>;

constexpr uint64_t kMostBytes = uint64_t{256} * 1024 * 1024;
constexpr size_t kPieceBytes = size_t{16} * 1024;

std::unexpected<Error> Lost(std::string_view what, const error_code& error) {
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}", what, error.message()));
}

Answer AnswerOf(const Parser& parser) {
  const auto& message = parser.get();
  Answer answer{.status = static_cast<int>(message.result_int()),
                .body = {},
                .content_type = std::string(message[beast::http::field::content_type]),
                .headers = {}};
  for (const auto& field : message) {
    answer.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  return answer;
}

}  // namespace

class Connection::Impl {
 public:
  explicit Impl(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  Result<void> Connect(const ServerAddress& address) {
    error_code error = net::error::host_not_found;
    if (const auto* const file = std::get_if<std::filesystem::path>(&address)) {
      // Asio throws at a name that is too long.
      if (file->native().size() >= sizeof(sockaddr_un::sun_path)) {
        return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: too long for a socket's name", file->string()));
      }
      error = ConnectTo(net::local::stream_protocol::endpoint(file->native()));
    } else {
      const auto& tcp = std::get<TcpAddress>(address);
      // Looked up without the timeout: resolvers have their own.
      net::ip::tcp::resolver resolver(io_);
      const auto found = resolver.resolve(tcp.host == "localhost" ? "127.0.0.1" : tcp.host, std::to_string(tcp.port),
                                          net::ip::tcp::resolver::numeric_service, error);
      if (error) return Lost(fmt::format("cannot find the host \"{}\"", tcp.host), error);
      for (const auto& each : found) {
        error = ConnectTo(each.endpoint());
        if (!error) {
          // Else a short request waits for the acknowledgement of the one before.
          error_code ignored;
          stream_.socket().set_option(net::ip::tcp::no_delay(true), ignored);
          break;
        }
      }
    }
    if (error) return Lost("cannot connect", error);
    return {};
  }

  Result<void> Send(const Question& question) {
    beast::http::request<beast::http::string_body> request;
    request.version(11);
    request.method_string({question.method.data(), question.method.size()});
    request.target({question.target.data(), question.target.size()});
    request.set(beast::http::field::host, "localhost");
    if (!question.token.empty()) {
      request.set(beast::http::field::authorization, fmt::format("Bearer {}", question.token));
    }
    for (const auto& [name, value] : question.headers) request.set(name, value);
    if (!question.body.empty()) request.set(beast::http::field::content_type, "application/json");
    request.body() = question.body;
    request.prepare_payload();
    const error_code sent = Wait([&](auto done) { beast::http::async_write(stream_, request, std::move(done)); });
    if (sent) return Lost("cannot send", sent);
    parser_.emplace();
    return {};
  }

  Result<Answer> Receive() {
    parser_->body_limit(kMostBytes);
    const error_code received =
        Wait([&](auto done) { beast::http::async_read(stream_, buffer_, *parser_, std::move(done)); });
    if (received) return Lost("no answer", received);
    Answer answer = AnswerOf(*parser_);
    answer.body = std::move(parser_->get().body());
    return answer;
  }

  Result<Answer> ReceiveHead() {
    parser_->body_limit(std::numeric_limits<uint64_t>::max());
    parser_->eager(true);
    const error_code received =
        Wait([&](auto done) { beast::http::async_read_header(stream_, buffer_, *parser_, std::move(done)); });
    if (received) return Lost("no answer", received);
    return AnswerOf(*parser_);
  }

  Result<std::optional<std::string>> ReceivePiece(std::chrono::milliseconds wait) {
    while (true) {
      if (std::string piece = std::exchange(parser_->get().body(), {}); !piece.empty()) return piece;
      if (parser_->is_done()) return std::optional<std::string>();
      error_code error = beast::http::error::need_more;
      if (buffer_.size() > 0) {
        buffer_.consume(parser_->put(buffer_.data(), error));
        if (!error) continue;
      }
      if (error != beast::http::error::need_more) return Lost("the answer broke off", error);
      pollfd waited{.fd = stream_.socket().native_handle(), .events = POLLIN, .revents = 0};
      if (::poll(&waited, 1, static_cast<int>(wait.count())) <= 0) return std::string();
      buffer_.commit(stream_.socket().read_some(buffer_.prepare(kPieceBytes), error));
      // Of an answer without a length, that is its end.
      if (error == net::error::eof) parser_->put_eof(error);
      if (error) return Lost("the answer broke off", error);
    }
  }

  [[nodiscard]] bool is_reusable() const { return parser_ && parser_->is_done() && parser_->get().keep_alive(); }

 private:
  template <class Endpoint>
  error_code ConnectTo(const Endpoint& endpoint) {
    return Wait(
        [&](auto done) { stream_.async_connect(net::generic::stream_protocol::endpoint(endpoint), std::move(done)); });
  }

  // Runs one asynchronous operation to its end, which the stream's timeout brings at the latest.
  template <class Start>
  error_code Wait(Start start) {
    error_code result = net::error::operation_aborted;
    stream_.expires_after(timeout_);
    start([&result](const error_code& error, auto...) { result = error; });
    io_.restart();
    io_.run();
    return result;
  }

  const std::chrono::milliseconds timeout_;
  net::io_context io_{1};
  Stream stream_{io_};
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::Open(const ServerAddress& address, std::chrono::milliseconds timeout) {
  auto impl = std::make_unique<Impl>(timeout);
  ZEUS_RETURN_IF_ERROR(impl->Connect(address));
  return Connection(std::move(impl));
}

Result<void> Connection::Send(const Question& question) {
  return impl_->Send(question);
}

Result<Answer> Connection::Receive() {
  return impl_->Receive();
}

bool Connection::is_reusable() const {
  return impl_->is_reusable();
}

Result<Answer> Connection::ReceiveHead() {
  return impl_->ReceiveHead();
}

Result<std::optional<std::string>> Connection::ReceivePiece(std::chrono::milliseconds wait) {
  return impl_->ReceivePiece(wait);
}

}  // namespace zeus::http
