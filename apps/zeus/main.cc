#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "apps/zeus/command.h"
#include "zeus/base/version.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus simulate --workload librispeech --gpu v100\n"
    "  zeus sweep --workloads all --gpus v100 --policies pruned-thompson,grid --seeds 1-20\n"
    "  zeus simulate-cluster --groups groups.csv.xz --gpu a40 --csv history.csv\n"
    "  zeus trace check traces\n"
    "  zeus env\n"
    "  zeus emulate --gpus v100x4 -- zeus env\n"
    "\n"
    "`zeus COMMAND --help` says more. Exit codes: 0 success, 1 failure, 2 wrong usage.";

// Ends a parse that did not lead to an action: prints the help or version asked for, or says in a line what is wrong.
int EndParse(const CLI::App& app, const CLI::ParseError& error, const zeus::Console& console) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    std::ostringstream text;
    app.exit(error, text, text);
    if (const zeus::Result<void> printed = console.Print(text.str()); !printed) {
      console.Note("zeus: " + printed.error().message);
      return kExitFailure;
    }
    return EXIT_SUCCESS;
  }
  const CLI::App* command = &app;
  std::string path = "zeus";
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    path += " " + command->get_name();
  }
  std::string problem = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && command->get_require_subcommand_min() > 0) {
    std::vector<std::string> names;
    for (const CLI::App* each : command->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(each->get_name());
    }
    const std::vector<std::string> rest = command->remaining();
    problem = fmt::format("{}; there are: {}",
                          rest.empty() ? std::string("a command is missing") : "no command \"" + rest.front() + "\"",
                          fmt::join(names, ", "));
  }
  console.Note(fmt::format("zeus: {}; see `{} --help`", problem, path));
  return kExitUsage;
}

// The first flag that was given an empty value, such as an unset shell variable; or null. CLI11 takes it for no flag.
const CLI::Option* FindEmptyFlag(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_type_size_max() > 0 && std::ranges::count(option->results(), std::string()) > 0) return option;
  }
  for (const CLI::App* command : app.get_subcommands()) {
    if (const CLI::Option* const option = FindEmptyFlag(*command)) return option;
  }
  return nullptr;
}

// What follows a lone "--" belongs to the command that ours runs, if ours runs one; it is taken away from ours.
std::vector<std::string> TakeCommandToRun(const CLI::App& app, std::vector<std::string>& arguments) {
  if (arguments.empty()) return {};
  const auto runs_another = [&](const CLI::App* each) {
    return each->get_name() == arguments.front() && each->get_prefix_command();
  };
  const auto separator = std::ranges::find(arguments, "--");
  if (app.get_subcommands(runs_another).empty() || separator == arguments.end()) return {};
  std::vector<std::string> taken(separator + 1, arguments.end());
  arguments.erase(separator, arguments.end());
  return taken;
}

int Run(int argc, char** argv) {
  CLI::App app("Zeus finds the batch size and GPU power limit at which a recurring training job costs least.", "zeus");
  app.set_version_flag("--version", zeus::kVersion);
  app.require_subcommand(1);
  app.footer(kExamples);
  zeus::Invocation invocation;
  zeus::AddSimulateCommand(app, invocation);
  zeus::AddSimulateClusterCommand(app, invocation);
  zeus::AddSweepCommand(app, invocation);
  zeus::AddExplainCommand(app, invocation);
  zeus::AddTraceCommand(app, invocation);
  zeus::AddCapriccioCommand(app, invocation);
  zeus::AddRunCommand(app, invocation);
  zeus::AddProfileCommand(app, invocation);
  zeus::AddExecCommand(app, invocation);
  zeus::AddMonitorCommand(app, invocation);
  zeus::AddAnalyzeCommand(app, invocation);
  zeus::AddEmulateCommand(app, invocation);
  zeus::AddEnvCommand(app, invocation);
  zeus::AddRestoreCommand(app, invocation);
#ifdef ZEUS_SERVICES
  zeus::AddServeCommand(app, invocation);
  zeus::AddJobsCommand(app, invocation);
  zeus::AddTokenCommand(app, invocation);
#endif
  zeus::AddCompletionCommand(app, invocation);

  const zeus::Console console = zeus::Console::OfStandardStreams(std::getenv("NO_COLOR"));
  std::vector<std::string> arguments(argv + 1, argv + argc);
  invocation.command_to_run = TakeCommandToRun(app, arguments);
  try {
    // CLI11 takes arguments from the end.
    std::ranges::reverse(arguments);
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return EndParse(app, error, console);
  }
  if (const CLI::Option* const empty = FindEmptyFlag(app)) {
    console.Note(fmt::format("zeus: {}: the value is empty", empty->get_name()));
    return kExitUsage;
  }
  const zeus::Result<void> result = invocation.action(console);
  if (result) return invocation.exit_code;
  console.Note("zeus: " + result.error().message);
  return result.error().code == zeus::ErrorCode::kInvalidArgument ? kExitUsage : kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    // No interface of ours throws; what does is the standard library, out of memory.
    std::fputs("zeus: ", stderr);
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
    return kExitFailure;
  }
}
