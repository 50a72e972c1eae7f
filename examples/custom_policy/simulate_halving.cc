// The policy in a program of its own, which drives a simulation with the library.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "halving_policy.h"
#include "zeus/simulator/run_summary.h"
#include "zeus/simulator/single_job.h"
#include "zeus/simulator/trace_store.h"
#include "zeus/trace/history_csv.h"

namespace {

constexpr const char* kUsage =
    "usage: simulate_halving --traces DIR [--gpu NAME] [--workload DATASET] [--csv]\n"
    "\n"
    "Simulates a recurring job with the policy halving on recorded traces, and says what it found and saved.\n"
    "--csv prints every try instead. Defaults: --gpu v100 --workload librispeech\n";

struct Arguments {
  std::string traces;
  std::string gpu = "v100";
  std::string workload = "librispeech";
  bool csv = false;
};

bool Parse(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--csv") {
      arguments->csv = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const char* const value = argv[++i];
    if (flag == "--traces") {
      arguments->traces = value;
    } else if (flag == "--gpu") {
      arguments->gpu = value;
    } else if (flag == "--workload") {
      arguments->workload = value;
    } else {
      return false;
    }
  }
  return !arguments->traces.empty();
}

void Print(const zeus::RunSummary& summary) {
  std::printf("found: batch size %lld at %.0f W after %lld recurrences\n",
              static_cast<long long>(summary.found.batch_size), summary.found.power_limit.value(),
              static_cast<long long>(summary.recurrences));
  std::printf("saved, last five recurrences against the default: %.1f%% energy, %.1f%% time\n",
              100 * summary.saved_last_five.energy, 100 * summary.saved_last_five.time);
}

zeus::Result<void> Run(const Arguments& arguments) {
  ZEUS_ASSIGN_OR_RETURN(zeus::TraceStore store, zeus::TraceStore::Open(arguments.traces));
  ZEUS_ASSIGN_OR_RETURN(const zeus::JoinedTrace* const joined, store.ForGpu(arguments.gpu));
  ZEUS_ASSIGN_OR_RETURN(const zeus::JobIdentity job, store.Workload(arguments.workload, *joined));
  ZEUS_ASSIGN_OR_RETURN(const zeus::JobTrace trace, joined->Select(job));

  zeus::PolicyFactory factory;
  ZEUS_RETURN_IF_ERROR(factory.Register(
      "halving", [](const zeus::PolicyOptions& options) -> zeus::Result<std::unique_ptr<zeus::BatchSizePolicy>> {
        return std::make_unique<custom_policy::HalvingPolicy>(options);
      }));
  zeus::SimulationOptions options;
  options.policies.batch_size = "halving";
  ZEUS_ASSIGN_OR_RETURN(zeus::SingleJobSimulation simulation,
                        zeus::SingleJobSimulation::Create(trace, options, factory));
  ZEUS_RETURN_IF_ERROR(simulation.RunUntil(trace.DefaultRecurrences()));

  if (arguments.csv) {
    std::string csv(zeus::HistoryCsvHeader());
    zeus::AppendHistoryCsv({.gpu = arguments.gpu,
                            .dataset = job.workload.dataset,
                            .eta = options.eta,
                            .beta = options.beta,
                            .seed = options.seed},
                           simulation.history(), &csv);
    std::fputs(csv.c_str(), stdout);
    return {};
  }
  ZEUS_ASSIGN_OR_RETURN(const zeus::RunSummary summary,
                        zeus::SummarizeRun(simulation.history(), trace, simulation.metric()));
  Print(summary);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, &arguments)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const zeus::Result<void> result = Run(arguments);
  if (result) return EXIT_SUCCESS;
  std::fprintf(stderr, "simulate_halving: %s\n", result.error().message.c_str());
  return EXIT_FAILURE;
}
