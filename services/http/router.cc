#include "services/http/router.h"

#include "services/http/target.h"

namespace zeus::http {
namespace {

bool IsParameter(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool Matches(const std::vector<std::string>& route, const std::vector<std::string>& segments) {
  if (route.size() != segments.size()) return false;
  for (size_t i = 0; i < route.size(); ++i) {
    if (IsParameter(route[i]) ? segments[i].empty() : route[i] != segments[i]) return false;
  }
  return true;
}

}  // namespace

void Router::Add(std::string method, std::string_view path, Handler handler) {
  routes_.push_back({std::move(method), std::string(path), ParseTarget(path)->segments, std::move(handler)});
}

std::string_view Router::Dispatch(Request request, Responder responder) const {
  if (gate_) {
    if (std::optional<Response> answer = gate_(request)) {
      responder.Send(*std::move(answer));
      return {};
    }
  }
  std::string allowed;
  for (const Route& route : routes_) {
    if (!Matches(route.segments, request.segments)) continue;
    if (route.method != request.method) {
      allowed += (allowed.empty() ? "" : ", ") + route.method;
      continue;
    }
    for (size_t i = 0; i < route.segments.size(); ++i) {
      const std::string& name = route.segments[i];
      if (IsParameter(name)) request.parameters.emplace_back(name.substr(1, name.size() - 2), request.segments[i]);
    }
    route.handler(request, std::move(responder));
    return route.path;
  }
  if (fallback_) {
    responder.Send(*fallback_);
    return {};
  }
  if (allowed.empty()) {
    responder.Send(Problem(404, "Not Found"));
    return {};
  }
  Response response = Problem(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", allowed);
  responder.Send(std::move(response));
  return {};
}

}  // namespace zeus::http
