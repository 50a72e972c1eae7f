#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "services/http/router.h"
#include "services/http/socket_file.h"
#include "zeus/base/result.h"
#include "zeus/http_client/address.h"

namespace zeus::http {

/// What a client may ask of us at most. Past it: 431, 413, a closed connection, 503.
struct Limits {
  uint32_t header_bytes = 16 * 1024;
  uint64_t body_bytes = 1024 * 1024;
  std::chrono::milliseconds idle = std::chrono::seconds(60);      ///< For a request's header to have come in.
  std::chrono::milliseconds transfer = std::chrono::seconds(30);  ///< For its body, and for our answer to be taken.
  size_t connections = 20'000;
  /// Of one IP address, with a second's requests at once; past it: 429. Absent: any number.
  std::optional<double> requests_per_second = {};
};

/// An answered request, for a log. What was no HTTP, too large, or a connection too many has no method and no target.
struct AccessRecord {
  std::string method;
  std::string target;           ///< As it came in: may hold anything but spaces and line ends.
  std::string_view route = {};  ///< The path of the route that answered, as it was added to the router; or empty.
  int status = 0;
  std::chrono::microseconds time;
};

struct ServerOptions {
  std::optional<TcpAddress> tcp;
  /// A Unix socket. One that a dead server left is replaced; one that somebody answers on is kUnavailable.
  std::optional<std::filesystem::path> socket;
  SocketAccess socket_access;
  Limits limits;
  /// That answer, each the connections that it is given in turn. Past 1, handlers and `log` are to be
  /// thread-safe.
  size_t threads = 1;
  /// How long Stop() waits for requests under way.
  std::chrono::milliseconds grace = std::chrono::seconds(10);
  std::function<void(const AccessRecord&)> log;  ///< Called on the thread that answers; may be empty.
};

/// HTTP/1.1 with connections kept alive, over TCP and a Unix socket, on threads of its own.
///
/// Handlers that keep a Responder must have answered, or destroyed it, before the server is destroyed; and whatever
/// wakes a BodyStream must have ended.
class Server {
 public:
  /// Listens: whoever connects waits. kInvalidArgument for an address that is none; kUnavailable for one that is taken.
  static Result<std::unique_ptr<Server>> Listen(ServerOptions options);
  /// Answers from now on. Once, and before Stop().
  void Serve(Router router);
  /// Both.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Router router);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  ///< Stops.

  /// Where it listens, with the port that the system picked.
  [[nodiscard]] const std::optional<TcpAddress>& tcp() const;

  /// Takes no new requests, finishes those under way within the grace, closes everything. From any thread but its own.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace zeus::http
