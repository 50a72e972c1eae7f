#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/http/message.h"
#include "zeus/base/result.h"

namespace zeus::http {

struct Target {
  std::vector<std::string> segments;
  NamedTexts query;
};

/// Takes a request's target apart: "/jobs/x?limit=5". Percent escapes are decoded after it is taken apart; what they
/// decode to is UTF-8 without NUL, or kInvalidArgument. Source: RFC 3986, section 3; "+" in a query is a space, as in
/// the URL standard's application/x-www-form-urlencoded.
Result<Target> ParseTarget(std::string_view text);

/// The text with everything escaped that means something in a target.
std::string EscapeForTarget(std::string_view text);

}  // namespace zeus::http
