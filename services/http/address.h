#pragma once

#include <cstdint>
#include <string>

namespace zeus::http {

struct TcpAddress {
  std::string host = "127.0.0.1";  ///< An IPv4 or IPv6 address, or "localhost".
  uint16_t port = 0;               ///< 0, to listen: one that the system picks.

  /// Whether only this machine reaches it.
  [[nodiscard]] bool IsLoopback() const;
};

}  // namespace zeus::http
