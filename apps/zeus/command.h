#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/base/result.h"

/// How a subcommand adds itself to the program:
///
///   void AddExampleCommand(CLI::App& app, Invocation& invocation) {
///     auto options = std::make_shared<ExampleOptions>();
///     CLI::App* const command = app.add_subcommand("example", "One line that says what it does");
///     command->add_option("--name", options->name, "What it is [default]");
///     command->footer("Examples:\n  zeus example --name x");
///     command->callback([&invocation, options] {
///       invocation.action = [options](const Console& console) { return RunExample(*options, console); };
///     });
///   }
///
/// main.cc runs the action after parsing. kInvalidArgument ends the program with exit code 2, any other error with 1;
/// what was printed before the error stays.
namespace zeus {

struct Invocation {
  std::function<Result<void>(const Console&)> action;
  /// The words after "--", for a command of ours that runs another; such a one is made with prefix_command().
  std::vector<std::string> command_to_run;
  /// What the program ends with when the action succeeds; a command that runs another sets it to that one's.
  int exit_code = 0;
};

void AddAnalyzeCommand(CLI::App& app, Invocation& invocation);
void AddCapriccioCommand(CLI::App& app, Invocation& invocation);
void AddCompletionCommand(CLI::App& app, Invocation& invocation);
void AddEmulateCommand(CLI::App& app, Invocation& invocation);
void AddEnvCommand(CLI::App& app, Invocation& invocation);
void AddExecCommand(CLI::App& app, Invocation& invocation);
void AddExplainCommand(CLI::App& app, Invocation& invocation);
void AddJobsCommand(CLI::App& app, Invocation& invocation);
void AddMonitorCommand(CLI::App& app, Invocation& invocation);
void AddRestoreCommand(CLI::App& app, Invocation& invocation);
void AddProfileCommand(CLI::App& app, Invocation& invocation);
void AddRunCommand(CLI::App& app, Invocation& invocation);
void AddServeCommand(CLI::App& app, Invocation& invocation);
void AddSimulateClusterCommand(CLI::App& app, Invocation& invocation);
void AddSimulateCommand(CLI::App& app, Invocation& invocation);
void AddSweepCommand(CLI::App& app, Invocation& invocation);
void AddTraceCommand(CLI::App& app, Invocation& invocation);

}  // namespace zeus
