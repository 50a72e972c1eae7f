#pragma once

#include "apps/zeus/command.h"

/// The subcommands of `zeus capriccio`; each adds itself as command.h says.
namespace zeus {

void AddCapriccioGenerateCommand(CLI::App& app, Invocation& invocation);

}  // namespace zeus
