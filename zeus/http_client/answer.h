#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zeus::http {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// What a server answered.
struct Answer {
  int status = 0;
  std::string body;
  std::string content_type;
  NamedTexts headers;
};

}  // namespace zeus::http
