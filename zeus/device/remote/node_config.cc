#include "zeus/device/remote/node_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace zeus {
namespace {

bool IsSet(const std::optional<std::string>& variable) {
  return variable && !variable->empty();
}

// What can stand in a header without ending it.
bool IsVisible(char character) {
  return character > ' ' && character <= '~';
}

}  // namespace

Result<std::optional<NodeConfig>> ParseNodeVariables(const NodeVariables& variables) {
  NodeConfig config;
  if (IsSet(variables.sock_path)) {
    config.address = std::filesystem::path(*variables.sock_path);
  } else if (IsSet(variables.host_port)) {
    Result<http::TcpAddress> address = http::ParseHostPort(*variables.host_port);
    if (!address || address->port == 0) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("ZEUSD_HOST_PORT={}: expected HOST:PORT, such as 127.0.0.1:4938", *variables.host_port));
    }
    config.address = *std::move(address);
  } else {
    return std::nullopt;
  }
  if (IsSet(variables.token)) {
    // The value is a secret, and is not told.
    if (!std::ranges::all_of(*variables.token, IsVisible)) {
      return Fail(ErrorCode::kInvalidArgument, "ZEUSD_TOKEN: expected visible ASCII characters without spaces");
    }
    config.token = *variables.token;
  }
  return config;
}

}  // namespace zeus
