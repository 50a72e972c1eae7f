#pragma once

#include <optional>
#include <string>

#include "apps/zeus/console.h"
#include "services/http/server.h"
#include "zeus/base/noted_signals.h"

namespace zeus {

/// Prints where the server listens, a line each, and waits for a signal that tells the program to end. An error where
/// that cannot be printed: then it does not wait.
Result<void> ServeUntilSignal(const http::Server& server, const std::optional<std::string>& socket,
                              const NotedSignals& signals, const Console& console);

}  // namespace zeus
