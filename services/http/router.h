#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/http/message.h"

namespace zeus::http {

/// Which handler answers which request. Constant once the server runs; then safe to use from any thread.
class Router {
 public:
  /// Must not block: it runs on a thread that answers others, too. It may hand the Responder to another one.
  using Handler = std::function<void(const Request&, Responder)>;

  /// Asked first, whatever the path; what it returns is the answer, and no handler is called.
  using Gate = std::function<std::optional<Response>(const Request&)>;

  /// `path`: "/jobs/{id}", where {id} is one segment of any text.
  void Add(std::string method, std::string_view path, Handler handler);

  void SetGate(Gate gate) { gate_ = std::move(gate); }
  /// What is answered where no route has this path and method, instead of 404 and 405.
  void SetFallback(Response fallback) { fallback_ = std::move(fallback); }

  /// Calls the handler, or answers 404 (no such path) or 405 (another method, with Allow). The route's path, as it was
  /// added; empty where no handler was called.
  std::string_view Dispatch(Request request, Responder responder) const;

 private:
  struct Route {
    std::string method;
    std::string path;
    std::vector<std::string> segments;
    Handler handler;
  };

  std::vector<Route> routes_;
  Gate gate_;
  std::optional<Response> fallback_;
};

}  // namespace zeus::http
