#include "zeus/http_client/connection.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>  // Asio 1.74 forgets it.

#include "zeus/base/unique_fd.h"

namespace zeus::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Stream = beast::basic_stream<net::generic::stream_protocol>;
using Parser = beast::http::response_parser<beast::http::string_body>;

constexpr uint64_t kMostBytes = uint64_t{256} * 1024 * 1024;

std::unexpected<Error> Lost(std::string_view what, const error_code& error) {
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}", what, error.message()));
}

// What cannot be set is no reason to give up.
void SetTcpOptions(int socket) {
  const auto set = [socket](int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof(value));
  };
  // Else a short request waits for the acknowledgement of the one before.
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  // Who only listens to an answer that goes on would never learn that the other machine has started anew.
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
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
  Impl(std::chrono::milliseconds timeout, std::stop_token stop) : timeout_(timeout), stop_(std::move(stop)) {
    if (!stop_.stop_possible()) return;
    stopped_ = UniqueFd(::eventfd(0, EFD_CLOEXEC));
    on_stop_.emplace(stop_, [this] {
      [[maybe_unused]] const int done = ::eventfd_write(stopped_.get(), 1);
      io_.stop();
    });
  }

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
          SetTcpOptions(stream_.socket().native_handle());
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
    // Boost 1.74 takes no limit for one that every length exceeds.
    parser_->body_limit(std::numeric_limits<uint64_t>::max());
    const error_code received =
        Wait([&](auto done) { beast::http::async_read_header(stream_, buffer_, *parser_, std::move(done)); });
    if (received) return Lost("no answer", received);
    parser_->eager(true);  // Which reading the head has undone.
    return AnswerOf(*parser_);
  }

  Result<std::optional<std::string>> ReceivePiece(std::chrono::milliseconds wait) {
    // What came with the head or the piece before is taken first. It may end within a chunk's frame.
    ZEUS_RETURN_IF_ERROR(ParseBuffered());
    if (parser_->get().body().empty() && !parser_->is_done()) {
      if (!IsReadableWithin(wait)) return std::string();
      ZEUS_RETURN_IF_ERROR(ReadSome());
    }
    if (parser_->get().body().empty() && parser_->is_done()) return std::optional<std::string>();
    return std::exchange(parser_->get().body(), {});
  }

  [[nodiscard]] int descriptor() { return stream_.socket().native_handle(); }

  [[nodiscard]] bool is_reusable() const { return parser_ && parser_->is_done() && parser_->get().keep_alive(); }

 private:
  template <class Endpoint>
  error_code ConnectTo(const Endpoint& endpoint) {
    const net::generic::stream_protocol::endpoint generic(endpoint);
    // Asio's own would be inherited: whoever it is lent to would keep the connection open after we have died.
    const int descriptor = ::socket(generic.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return {errno, boost::system::system_category()};
    error_code error;
    stream_.socket().close(error);  // One of an address tried before.
    stream_.socket().assign(generic.protocol(), descriptor, error);
    if (error) {
      const UniqueFd closed(descriptor);
      return error;
    }
    return Wait([&](auto done) { stream_.async_connect(generic, std::move(done)); });
  }

  Result<void> ReadSome() {
    constexpr size_t kMost = size_t{1} << 16;
    size_t size = 0;
    const error_code received = Wait([&](auto done) {
      stream_.async_read_some(buffer_.prepare(kMost), [&size, done](const error_code& error, size_t read) mutable {
        size = read;
        done(error);
      });
    });
    error_code ended = received;
    if (received == net::error::eof) parser_->put_eof(ended);  // The end, where the head said that closing is.
    if (ended) return Lost("the answer broke off", ended);
    buffer_.commit(size);
    return ParseBuffered();
  }

  Result<void> ParseBuffered() {
    if (buffer_.size() == 0 || parser_->is_done()) return {};
    error_code error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error && error != beast::http::error::need_more) return Lost("the answer broke off", error);
    return {};
  }

  // True also once a stop is requested: what then reads says so.
  bool IsReadableWithin(std::chrono::milliseconds wait) {
    pollfd waited[] = {{.fd = stream_.socket().native_handle(), .events = POLLIN, .revents = 0},
                       {.fd = stopped_.get(), .events = POLLIN, .revents = 0}};
    const int ready = ::poll(waited, stopped_.valid() ? 2 : 1, static_cast<int>(wait.count()));
    return ready > 0 && (waited[0].revents != 0 || stop_.stop_requested());
  }

  // Runs one asynchronous operation to its end, which the stream's timeout brings at the latest. One that a stop cuts
  // short stays unfinished: nothing runs here afterwards, so that it touches nothing of its caller's any more.
  template <class Start>
  error_code Wait(Start start) {
    error_code result = net::error::operation_aborted;
    io_.restart();
    if (stop_.stop_requested()) return result;  // After restart(), which would undo a stop() of before.
    stream_.expires_after(timeout_);
    start([&result](const error_code& error, auto...) { result = error; });
    io_.run();
    return result;
  }

  const std::chrono::milliseconds timeout_;
  const std::stop_token stop_;
  UniqueFd stopped_;  // Readable once a stop is requested.
  net::io_context io_{1};
  Stream stream_{io_};
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;  // Last: it uses the others.
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::Open(const ServerAddress& address, std::chrono::milliseconds timeout,
                                    std::stop_token stop) {
  auto impl = std::make_unique<Impl>(timeout, std::move(stop));
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

int Connection::descriptor() const {
  return impl_->descriptor();
}

Result<Answer> Connection::ReceiveHead() {
  return impl_->ReceiveHead();
}

Result<std::optional<std::string>> Connection::ReceivePiece(std::chrono::milliseconds wait) {
  return impl_->ReceivePiece(wait);
}

}  // namespace zeus::http
