#pragma once

#include <functional>
#include <string>

#include "services/http/message.h"

namespace zeus {

/// Names whoever sent a request, for logs: "user alice, uid 1000, pid 4711"; as much as is known.
using WhoAsks = std::function<std::string(const http::Request&)>;

}  // namespace zeus
