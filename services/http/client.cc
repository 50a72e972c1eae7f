#include "services/http/client.h"

#include <fmt/format.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <utility>  // Asio 1.74 forgets it.
#include <variant>

namespace zeus::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Stream = beast::basic_stream<net::generic::stream_protocol>;

}  // namespace

class Client::Impl {
 public:
  Impl(std::variant<TcpAddress, std::filesystem::path> address, std::chrono::milliseconds timeout)
      : address_(std::move(address)), timeout_(timeout) {}

  Result<Response> Send(std::string_view method, std::string_view target, std::string body) {
    if (!stream_) ZEUS_RETURN_IF_ERROR(Connect());
    beast::http::request<beast::http::string_body> request;
    request.version(11);
    request.method_string({method.data(), method.size()});
    request.target({target.data(), target.size()});
    request.set(beast::http::field::host, "localhost");
    if (!token_.empty()) request.set(beast::http::field::authorization, "Bearer " + token_);
    if (!body.empty()) request.set(beast::http::field::content_type, "application/json");
    request.body() = std::move(body);
    request.prepare_payload();
    const error_code sent = Wait([&](auto done) { beast::http::async_write(*stream_, request, std::move(done)); });
    if (sent) return Lost("cannot send", sent);
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(uint64_t{256} * 1024 * 1024);
    const error_code received =
        Wait([&](auto done) { beast::http::async_read(*stream_, buffer_, parser, std::move(done)); });
    if (received) return Lost("no answer", received);
    auto message = parser.release();
    Response response{.status = static_cast<int>(message.result_int()),
                      .body = std::move(message.body()),
                      .content_type = std::string(message[beast::http::field::content_type])};
    for (const auto& field : message) {
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    if (!message.keep_alive()) stream_.reset();
    return response;
  }

  void SetToken(std::string token) { token_ = std::move(token); }

 private:
  // Runs one asynchronous operation to its end, which the stream's timeout brings at the latest.
  template <class Start>
  error_code Wait(Start start) {
    error_code result = net::error::operation_aborted;
    stream_->expires_after(timeout_);
    start([&result](const error_code& error, auto...) { result = error; });
    io_.restart();
    io_.run();
    return result;
  }

  Result<void> Connect() {
    stream_.emplace(io_);
    buffer_.clear();
    error_code error;
    net::generic::stream_protocol::endpoint endpoint;
    if (const auto* tcp = std::get_if<TcpAddress>(&address_)) {
      const auto ip = net::ip::make_address(tcp->host == "localhost" ? "127.0.0.1" : tcp->host, error);
      if (error) {
        stream_.reset();
        return Fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is no IP address", tcp->host));
      }
      endpoint = net::ip::tcp::endpoint(ip, tcp->port);
    } else {
      endpoint = net::local::stream_protocol::endpoint(std::get<std::filesystem::path>(address_).native());
    }
    error = Wait([&](auto done) { stream_->async_connect(endpoint, std::move(done)); });
    if (error) return Lost("cannot connect", error);
    return {};
  }

  std::unexpected<Error> Lost(std::string_view what, const error_code& error) {
    stream_.reset();
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}", what, error.message()));
  }

  std::variant<TcpAddress, std::filesystem::path> address_;
  std::chrono::milliseconds timeout_;
  std::string token_;
  net::io_context io_{1};
  std::optional<Stream> stream_;
  beast::flat_buffer buffer_;
};

Client::Client(TcpAddress address, std::chrono::milliseconds timeout)
    : impl_(std::make_unique<Impl>(std::move(address), timeout)) {}
Client::Client(std::filesystem::path socket, std::chrono::milliseconds timeout)
    : impl_(std::make_unique<Impl>(std::move(socket), timeout)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

void Client::SetToken(std::string token) {
  impl_->SetToken(std::move(token));
}

Result<Response> Client::Send(std::string_view method, std::string_view target, std::string body) {
  return impl_->Send(method, target, std::move(body));
}

}  // namespace zeus::http
