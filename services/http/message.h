#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zeus/http_client/answer.h"

/// An HTTP exchange as our own code sees it: no socket, no third-party type.
namespace zeus::http {

/// Who is at the other end of a connection, as far as the system tells.
struct Peer {
  struct Process {
    int64_t pid = 0;
    int64_t uid = 0;
  };

  std::string address = {};             ///< Its IP address; empty on a Unix socket.
  std::optional<Process> process = {};  ///< On a Unix socket: who connected (unix(7), SO_PEERCRED).
};

struct Request {
  std::string method;                 ///< "GET", "POST", ...
  std::vector<std::string> segments;  ///< Of the path, decoded: "/jobs/a%2Fb" is {"jobs", "a/b"}.
  NamedTexts query;                   ///< Decoded, in the order they came in.
  NamedTexts parameters;              ///< What stood where the route says "{name}".
  NamedTexts headers = {};            ///< Their names in lower case.
  std::string body;
  Peer peer = {};

  /// The first value of that name, or null.
  [[nodiscard]] const std::string* Query(std::string_view name) const;
  /// The same of the headers. `name` is in lower case.
  [[nodiscard]] const std::string* Header(std::string_view name) const;
  /// Precondition: the route has "{name}".
  [[nodiscard]] const std::string& Parameter(std::string_view name) const;
};

/// What an answer goes on with, piece by piece, until the client goes away or the server stops. Called on the server's
/// thread.
class BodyStream {
 public:
  virtual ~BodyStream() = default;

  /// `wake` is to be called, from any thread, whenever there may be something to take. Once nothing is handed in, the
  /// stream has ended: no call of the earlier one may be under way or follow.
  virtual void OnNews(std::function<void()> wake) = 0;

  /// What there is to send now; empty: nothing. Not asked again before the client has taken it: what comes meanwhile is
  /// the stream's to keep or to drop. Must not block.
  virtual std::string Take() = 0;

  /// How long at most to wait after news for more, so that what comes together is sent together.
  [[nodiscard]] virtual std::chrono::milliseconds GatherTime() const { return {}; }
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";  ///< Empty: no such header.
  NamedTexts headers = {};                        ///< More of them.
  /// In the place of a body. Shared, so that answers can be copied; only one of them is sent.
  std::shared_ptr<BodyStream> stream = nullptr;
};

/// {"detail": message}, which is how this project's servers tell what is wrong with a request as such.
Response Problem(int status, std::string_view message);

/// The way back to whoever asked. Answers once, from any thread; destroyed without an answer, it answers 500.
class Responder {
 public:
  using Sender = std::move_only_function<void(Response)>;

  explicit Responder(Sender send) : send_(std::move(send)) {}
  Responder(Responder&& other) noexcept : send_(std::exchange(other.send_, nullptr)) {}
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  /// Precondition: it has not answered before.
  void Send(Response response);

 private:
  Sender send_;
};

}  // namespace zeus::http
