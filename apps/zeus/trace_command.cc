#include "apps/zeus/trace_command.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus trace check traces\n"
    "  zeus trace describe traces\n"
    "  zeus trace generate --out traces --preset vision\n"
    "  zeus trace generate-groups --out groups.csv.xz --datasets synthetic-images --groups 100";

}  // namespace

void AddTraceCommand(CLI::App& app, Invocation& invocation) {
  CLI::App* const command = app.add_subcommand("trace", "Check, describe and make traces");
  command->require_subcommand(1);
  command->footer(kExamples);
  AddTraceCheckCommand(*command, invocation);
  AddTraceDescribeCommand(*command, invocation);
  AddTraceGenerateCommand(*command, invocation);
  AddTraceGenerateGroupsCommand(*command, invocation);
}

}  // namespace zeus
