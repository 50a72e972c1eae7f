#include "apps/zeus/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "zeus/base/version.h"

namespace zeus {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

// Ends a parse that did not lead to an action: prints the help or version asked for, or says in a line what is wrong.
int EndParse(const CLI::App& app, const CLI::ParseError& error, const Console& console) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    std::ostringstream text;
    app.exit(error, text, text);
    if (const Result<void> printed = console.Print(text.str()); !printed) {
      console.Note(app.get_name() + ": " + printed.error().message);
      return kExitFailure;
    }
    return EXIT_SUCCESS;
  }
  const CLI::App* command = &app;
  std::string path = app.get_name();
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
  console.Note(fmt::format("{}: {}; see `{} --help`", app.get_name(), problem, path));
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

int Run(const Program& program, int argc, char** argv) {
  CLI::App app(program.purpose, program.name);
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  app.footer(program.footer);
  Invocation invocation;
  program.add_commands(app, invocation);

  const Console console = Console::OfStandardStreams(std::getenv("NO_COLOR"));
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
    console.Note(fmt::format("{}: {}: the value is empty", program.name, empty->get_name()));
    return kExitUsage;
  }
  const Result<void> result = invocation.action(console);
  if (result) return invocation.exit_code;
  console.Note(fmt::format("{}: {}", program.name, result.error().message));
  return result.error().code == ErrorCode::kInvalidArgument ? kExitUsage : kExitFailure;
}

}  // namespace

int RunProgram(const Program& program, int argc, char** argv) {
  try {
    return Run(program, argc, argv);
  } catch (const std::exception& error) {
    // No interface of ours throws; what does is the standard library, out of memory.
    std::fprintf(stderr, "%s: %s\n", program.name, error.what());
    return kExitFailure;
  }
}

}  // namespace zeus
