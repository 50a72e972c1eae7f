#include "services/http/message.h"

#include <algorithm>

#include "zeus/base/json_fields.h"

namespace zeus::http {
namespace {

const std::string* Find(const NamedTexts& texts, std::string_view name) {
  const auto found = std::ranges::find(texts, name, &NamedTexts::value_type::first);
  return found == texts.end() ? nullptr : &found->second;
}

}  // namespace

const std::string* Request::Query(std::string_view name) const {
  return Find(query, name);
}

const std::string* Request::Header(std::string_view name) const {
  return Find(headers, name);
}

const std::string& Request::Parameter(std::string_view name) const {
  return *Find(parameters, name);
}

Response Problem(int status, std::string_view message) {
  const Json json = {{"detail", message}};
  return {.status = status, .body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Responder::~Responder() {
  if (send_) Send(Problem(500, "the request was given up"));
}

void Responder::Send(Response response) {
  std::exchange(send_, nullptr)(std::move(response));
}

}  // namespace zeus::http
