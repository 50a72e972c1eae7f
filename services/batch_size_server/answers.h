#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "services/http/message.h"
#include "zeus/base/result.h"

/// Answers that several routes give, and what several ask for.
namespace zeus {

/// {"message": ...}, with the status that the error's code stands for.
http::Response MessageOf(const Error& error);

/// 422 for a field of the query, as FastAPI answers.
http::Response QueryProblem(std::string_view name, std::string_view message, std::string_view type);
http::Response MissingJobId();
http::Response WrongLimit();

/// How many the request asks for at most, 1 to 1000, by default 100.
std::optional<size_t> LimitOf(const http::Request& request);

}  // namespace zeus
