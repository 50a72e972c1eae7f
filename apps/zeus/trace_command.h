#pragma once

#include "apps/zeus/command.h"

/// The subcommands of `zeus trace`; each adds itself as command.h says.
namespace zeus {

void AddTraceCheckCommand(CLI::App& app, Invocation& invocation);
void AddTraceDescribeCommand(CLI::App& app, Invocation& invocation);
void AddTraceGenerateCommand(CLI::App& app, Invocation& invocation);
void AddTraceGenerateGroupsCommand(CLI::App& app, Invocation& invocation);

}  // namespace zeus
