#pragma once

#include <CLI/CLI.hpp>

#include "apps/zeus/server_flags.h"
#include "services/batch_size_client/batch_size_client.h"
#include "zeus/base/result.h"

namespace zeus {

/// `--server URL`, whose `description` is that of the command, and `--token-file FILE`. The option of the server.
CLI::Option* AddServerFlags(CLI::App& command, const char* description, ServerFlags& flags);

/// kInvalidArgument for what is no address or no token; errors of reading the file.
Result<BatchSizeClient> Connect(const ServerFlags& flags);

}  // namespace zeus
