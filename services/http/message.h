#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// An HTTP exchange as our own code sees it: no socket, no third-party type.
namespace zeus::http {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;                 ///< "GET", "POST", ...
  std::vector<std::string> segments;  ///< Of the path, decoded: "/jobs/a%2Fb" is {"jobs", "a/b"}.
  NamedTexts query;                   ///< Decoded, in the order they came in.
  NamedTexts parameters;              ///< What stood where the route says "{name}".
  NamedTexts headers = {};            ///< Their names in lower case.
  std::string body;

  /// The first value of that name, or null.
  [[nodiscard]] const std::string* Query(std::string_view name) const;
  /// The same of the headers. `name` is in lower case.
  [[nodiscard]] const std::string* Header(std::string_view name) const;
  /// Precondition: the route has "{name}".
  [[nodiscard]] const std::string& Parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  NamedTexts headers = {};  ///< More of them.
};

/// {"detail": message}, which is how this project's servers tell what is wrong with a request as such.
Response Problem(int status, std::string_view message);

/// The way back to whoever asked. Answers once, from any thread; destroyed without an answer, it answers 500.
class Responder {
 public:
  using Sender = std::move_only_function<void(Response)>;

  explicit Responder(Sender send) : send_(std::make_unique<Sender>(std::move(send))) {}
  Responder(Responder&&) = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  /// Precondition: it has not answered before.
  void Send(Response response);

 private:
  std::unique_ptr<Sender> send_;
};

}  // namespace zeus::http
