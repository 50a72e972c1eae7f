#include "apps/zeus/command.h"
#include "apps/zeus/program.h"
#ifdef ZEUS_SERVICES
#include "apps/zeus/token_command.h"
#include "services/batch_size_server/scopes.h"
#endif

namespace {

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

void AddCommands(CLI::App& app, zeus::Invocation& invocation) {
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
  zeus::AddTokenCommand(app, invocation,
                        {.scopes = zeus::BatchSizeScopes(),
                         .example_scopes = "jobs-read,jobs-train",
                         .client_variable = "ZEUS_BSO_TOKEN"});
#endif
  zeus::AddCompletionCommand(app, invocation);
}

}  // namespace

int main(int argc, char** argv) {
  return zeus::RunProgram({.name = "zeus",
                           .purpose = "Zeus finds the batch size and GPU power limit at which a recurring training job "
                                      "costs least.",
                           .footer = kExamples,
                           .add_commands = AddCommands},
                          argc, argv);
}
