#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "zeus/base/result.h"

namespace zeus::http {

struct TcpAddress {
  std::string host = "127.0.0.1";  ///< An IPv4 or IPv6 address, or a name; to listen, an address or "localhost".
  uint16_t port = 0;               ///< 0, to listen: one that the system picks.

  /// Whether only this machine reaches it.
  [[nodiscard]] bool IsLoopback() const;

  bool operator==(const TcpAddress&) const = default;
};

/// Where a server listens: on TCP, or on a Unix socket.
using ServerAddress = std::variant<TcpAddress, std::filesystem::path>;

/// "HOST:PORT", "[IPv6]:PORT"; port 0 is one. kInvalidArgument says what was expected.
Result<TcpAddress> ParseHostPort(std::string_view text);

/// "http://HOST:PORT", with or without a slash at the end, or "unix:FILE". kInvalidArgument says what was expected.
Result<ServerAddress> ParseServerUrl(std::string_view url);

/// "HOST:PORT" or the socket's file: what people call the server.
std::string NameOf(const ServerAddress& address);

}  // namespace zeus::http
