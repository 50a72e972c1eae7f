#pragma once

#include "apps/zeus/command.h"

namespace zeus {

/// `zeus emulate load`.
void AddEmulateLoadCommand(CLI::App& emulate, Invocation& invocation);

}  // namespace zeus
