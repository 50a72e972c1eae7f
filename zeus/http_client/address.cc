#include "zeus/http_client/address.h"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <limits>
#include <optional>

#include "zeus/base/number_text.h"

namespace zeus::http {

bool TcpAddress::IsLoopback() const {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(host, error);
  return !error && ip.is_loopback();
}

Result<TcpAddress> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const std::optional<uint64_t> port =
      colon == std::string_view::npos ? std::nullopt : ParseUnsigned(text.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || !port || *port > std::numeric_limits<uint16_t>::max()) {
    return Fail(ErrorCode::kInvalidArgument, "expected HOST:PORT, such as 127.0.0.1:30100");
  }
  return TcpAddress{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

Result<ServerAddress> ParseServerUrl(std::string_view url) {
  constexpr std::string_view kTcp = "http://";
  constexpr std::string_view kUnix = "unix:";
  if (url.starts_with(kUnix) && url.size() > kUnix.size()) return std::filesystem::path(url.substr(kUnix.size()));
  if (url.starts_with(kTcp)) {
    std::string_view address = url.substr(kTcp.size());
    if (address.ends_with('/')) address.remove_suffix(1);
    Result<TcpAddress> tcp = ParseHostPort(address);
    if (tcp && tcp->port != 0) return *std::move(tcp);
  }
  return Fail(ErrorCode::kInvalidArgument, fmt::format("server {}: expected http://HOST:PORT or unix:FILE", url));
}

std::string NameOf(const ServerAddress& address) {
  if (const auto* const file = std::get_if<std::filesystem::path>(&address)) return file->string();
  const auto& tcp = std::get<TcpAddress>(address);
  const bool is_ipv6 = tcp.host.find(':') != std::string::npos;
  return fmt::format("{}:{}", is_ipv6 ? "[" + tcp.host + "]" : tcp.host, tcp.port);
}

}  // namespace zeus::http
