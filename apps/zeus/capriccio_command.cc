#include "apps/zeus/capriccio_command.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus capriccio generate --out tweets.csv --rows 16000 --seed 1";

}  // namespace

void AddCapriccioCommand(CLI::App& app, Invocation& invocation) {
  CLI::App* const command = app.add_subcommand("capriccio", "Make the slices of a data set that drifts");
  command->require_subcommand(1);
  command->footer(kExamples);
  AddCapriccioGenerateCommand(*command, invocation);
}

}  // namespace zeus
