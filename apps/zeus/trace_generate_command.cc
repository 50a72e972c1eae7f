#include <memory>

#include "apps/zeus/number_flags.h"
#include "apps/zeus/synthetic_flags.h"
#include "apps/zeus/trace_command.h"
#include "apps/zeus/trace_output.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus trace generate --out traces --preset vision --seed 1\n"
    "  zeus trace generate --out traces --append --preset language --seed 2\n"
    "  zeus trace generate --out traces --append --preset vision --seed 1 --gpu-preset synthetic-large\n"
    "  zeus trace generate --out mine --dataset birds --network tiny --batch-sizes 8,16,32 --b0 16 \\\n"
    "      --gpu desktop --min-limit 120 --max-limit 220 --limit-step 20\n"
    "\n"
    "Writes summary_train.csv, summary_power_GPU.csv and workloads.csv. Nothing in them is measured: epochs, time and\n"
    "power follow from the parameters and the seed.";

struct GenerateFlags {
  SyntheticFlags synthetic;
  TraceOutputFlags output;
  uint64_t seed = 1;
};

template <class Value>
Result<Value> WithFlagNames(Result<Value> result) {
  if (result) return result;
  return std::unexpected(NameFlag(std::move(result).error()));
}

Result<void> RunGenerate(const GenerateFlags& flags, const Console& console) {
  ZEUS_RETURN_IF_ERROR(flags.output.Check());
  ZEUS_ASSIGN_OR_RETURN(const SyntheticSetup setup, WithFlagNames(flags.synthetic.Choose()));
  NewTraces traces{.gpu = setup.gpu.name, .job = DefaultJob(setup.workload)};
  ZEUS_ASSIGN_OR_RETURN(traces.train, WithFlagNames(GenerateTrainTrace(setup.workload, flags.seed)));
  ZEUS_ASSIGN_OR_RETURN(traces.power, WithFlagNames(GeneratePowerTrace(setup.workload, setup.gpu)));
  ZEUS_ASSIGN_OR_RETURN(const std::string written, WriteTraces(flags.output, traces));
  return console.Print(written);
}

}  // namespace

void AddTraceGenerateCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<GenerateFlags>();
  CLI::App* const command =
      app.add_subcommand("generate", "Make the traces of a made-up workload from a few physical parameters");
  command->add_option("--seed", flags->seed, "Seed of the runs' noise")
      ->type_name("N")
      ->capture_default_str()
      ->transform(CountText());
  flags->output.AddTo(*command);
  flags->synthetic.AddTo(*command);
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunGenerate(*flags, console); };
  });
}

}  // namespace zeus
