#pragma once

#include <functional>
#include <string_view>

#include "services/http/message.h"

namespace zeus {

/// Where a node daemon tells what happens: "error", "warning", "info" or "debug", a sentence, and named values beside
/// it. On any thread.
using NodeLog = std::function<void(std::string_view level, std::string_view message, const http::NamedTexts& fields)>;

}  // namespace zeus
