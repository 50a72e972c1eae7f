#include "services/batch_size_server/answers.h"

#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

constexpr size_t kPage = 100;
constexpr size_t kLargestPage = 1000;

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kFailedPrecondition:
      return 409;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kInvalidData:
    case ErrorCode::kUnreachable:
      return 500;
  }
  return 500;
}

}  // namespace

http::Response MessageOf(const Error& error) {
  const Json json = {{"message", error.message}};
  return {.status = StatusOf(error.code), .body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

http::Response QueryProblem(std::string_view name, std::string_view message, std::string_view type) {
  const Json problem = {{"loc", {"query", name}}, {"msg", message}, {"type", type}};
  const Json json = {{"detail", Json::array({problem})}};
  return {.status = 422, .body = json.dump()};
}

http::Response MissingJobId() {
  return QueryProblem("job_id", "field required", "value_error.missing");
}

http::Response WrongLimit() {
  return QueryProblem("limit", "expected a number from 1 to 1000", "value_error");
}

std::optional<size_t> LimitOf(const http::Request& request) {
  const std::string* const text = request.Query("limit");
  if (text == nullptr) return kPage;
  const std::optional<uint64_t> limit = ParseUnsigned(*text);
  if (!limit || *limit < 1 || *limit > kLargestPage) return std::nullopt;
  return *limit;
}

}  // namespace zeus
