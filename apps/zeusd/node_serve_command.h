#pragma once

#include "apps/zeus/command.h"

namespace zeus {

/// `zeusd serve`.
void AddNodeServeCommand(CLI::App& app, Invocation& invocation);

}  // namespace zeus
