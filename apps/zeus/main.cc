#include <cstdlib>
#include <exception>

#include "apps/zeus/command.h"
#include "zeus/base/version.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus simulate --workload librispeech --gpu v100 --traces ../shared/traces\n"
    "  zeus sweep --workloads all --gpus v100 --policies pruned-thompson,grid --seeds 1-20\n"
    "  zeus simulate-cluster --groups groups.csv.xz --gpu a40 --csv history.csv\n"
    "  zeus trace check ../shared/traces\n"
    "\n"
    "`zeus COMMAND --help` says more. Exit codes: 0 success, 1 failure, 2 wrong usage.";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Zeus finds the batch size and GPU power limit at which a recurring training job costs least.", "zeus");
  app.set_version_flag("--version", zeus::kVersion);
  app.require_subcommand(1);
  app.footer(kExamples);
  zeus::Invocation invocation;
  zeus::AddSimulateCommand(app, invocation);
  zeus::AddSimulateClusterCommand(app, invocation);
  zeus::AddSweepCommand(app, invocation);
  zeus::AddTraceCommand(app, invocation);
  zeus::AddCompletionCommand(app, invocation);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : kExitUsage;
  }
  const zeus::Console console = zeus::Console::OfStandardStreams(std::getenv("NO_COLOR"));
  const zeus::Result<void> result = invocation.action(console);
  if (result) return EXIT_SUCCESS;
  console.Note("zeus: " + result.error().message);
  return result.error().code == zeus::ErrorCode::kInvalidArgument ? kExitUsage : kExitFailure;
}
