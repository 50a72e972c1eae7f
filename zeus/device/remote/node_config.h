#pragma once

#include <optional>
#include <string>

#include "zeus/base/result.h"
#include "zeus/http_client/address.h"

namespace zeus {

/// Where this machine's node daemon (zeusd) is, and what it is shown.
struct NodeConfig {
  http::ServerAddress address;
  std::string token = {};  ///< Empty: none.

  /// The socket's file or HOST:PORT, as messages name the daemon.
  [[nodiscard]] std::string Endpoint() const { return http::NameOf(address); }
};

/// The values of the environment variables that lead to the daemon; an empty one counts as absent.
struct NodeVariables {
  std::optional<std::string> sock_path;  ///< ZEUSD_SOCK_PATH; counts before the next.
  std::optional<std::string> host_port;  ///< ZEUSD_HOST_PORT
  std::optional<std::string> token;      ///< ZEUSD_TOKEN
};

/// Absent where they lead to none. kInvalidArgument, naming the variable, for an address or a token that can be none.
Result<std::optional<NodeConfig>> ParseNodeVariables(const NodeVariables& variables);

}  // namespace zeus
