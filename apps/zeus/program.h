#pragma once

#include "apps/zeus/command.h"

namespace zeus {

/// A program of subcommands.
struct Program {
  const char* name;
  const char* purpose;  ///< A sentence.
  const char* footer;   ///< Of its help: examples.
  void (*add_commands)(CLI::App& app, Invocation& invocation);
};

/// Parses its arguments, runs the command that they name, and returns what main has to: 0; 1 for a failure, which a
/// line on standard error tells; 2 for wrong usage, the same; or what a command that runs another wants.
int RunProgram(const Program& program, int argc, char** argv);

}  // namespace zeus
