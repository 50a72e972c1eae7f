#include "apps/zeus/serve_loop.h"

#include <fmt/format.h>

namespace zeus {

Result<void> ServeUntilSignal(const http::Server& server, const std::optional<std::string>& socket,
                              const NotedSignals& signals, const Console& console) {
  std::string addresses;
  if (const auto& tcp = server.tcp()) {
    const bool is_ipv6 = tcp->host.find(':') != std::string::npos;
    addresses += fmt::format(fmt::runtime(is_ipv6 ? "Listening on http://[{}]:{}\n" : "Listening on http://{}:{}\n"),
                             tcp->host, tcp->port);
  }
  if (socket) addresses += fmt::format("Listening on {}\n", *socket);
  ZEUS_RETURN_IF_ERROR(console.Print(addresses));
  while (!signals.Sleep(Seconds(1e6))) {
  }
  return {};
}

}  // namespace zeus
