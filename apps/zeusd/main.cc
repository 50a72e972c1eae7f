#include "apps/zeus/program.h"
#include "apps/zeus/token_command.h"
#include "apps/zeusd/node_serve_command.h"
#include "services/node_daemon/api_group.h"

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeusd serve\n"
    "  zeusd serve --mode tcp --tcp-bind-address 127.0.0.1:4938 --enable gpu-read,cpu-read\n"
    "  zeus emulate --gpus v100x4 -- zeusd serve --socket-path zeusd.sock --enable gpu-control,gpu-read\n"
    "\n"
    "`zeusd COMMAND --help` says more. Exit codes: 0 success, 1 failure, 2 wrong usage.";

void AddCommands(CLI::App& app, zeus::Invocation& invocation) {
  zeus::AddNodeServeCommand(app, invocation);
  zeus::AddTokenCommand(
      app, invocation,
      {.scopes = zeus::ApiGroupNames(), .example_scopes = "gpu-read,cpu-read", .client_variable = "ZEUSD_TOKEN"});
}

}  // namespace

int main(int argc, char** argv) {
  return zeus::RunProgram(
      {.name = "zeusd",
       .purpose = "The node daemon: measures a machine's GPUs and CPUs, and changes their settings, for "
                  "those who may not.",
       .footer = kExamples,
       .add_commands = AddCommands},
      argc, argv);
}
