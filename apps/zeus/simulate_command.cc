#include <fmt/format.h>

#include <memory>

#include "apps/zeus/command.h"
#include "apps/zeus/job_flags.h"
#include "apps/zeus/number_flags.h"
#include "apps/zeus/simulate_report.h"
#include "zeus/base/text_file.h"
#include "zeus/simulator/run_summary.h"
#include "zeus/trace/history_csv.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus simulate --workload librispeech --gpu v100\n"
    "  zeus simulate --workload cifar100 --gpu a40 --eta 1 --beta inf --seed 7 --json\n"
    "  zeus simulate --dataset cifar100 --network shufflenetv2 --optimizer adadelta \\\n"
    "      --target-metric 0.5 --max-epochs 100 --b0 512 --gpu v100 --csv history.csv\n"
    "  zeus simulate --workload squad --gpu v100 --recurrences 20 --save-state job.json\n"
    "  zeus simulate --workload squad --gpu v100 --recurrences 98 --load-state job.json";

struct SimulateFlags {
  TraceFlags traces;
  GpuFlag gpu;
  JobFlags job;
  KnobFlags knobs;
  PolicyFlags policies;
  uint64_t seed = 1;
  std::optional<int64_t> recurrences;
  bool concurrency = false;
  bool json = false;
  std::string csv;
  std::string plot;
  std::string load_state;
  std::string save_state;
};

Result<void> CheckFlags(const SimulateFlags& flags) {
  if (flags.recurrences && *flags.recurrences < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("--recurrences: {}: expected 1 or more", *flags.recurrences));
  }
  if (flags.json && flags.csv == "-") {
    return Fail(ErrorCode::kInvalidArgument, "--json and --csv - both want standard output");
  }
  return {};
}

// Writes all that was asked for, also of a simulation that ended early: whatever it did is valid. Files come first:
// whoever reads standard output may stop at any line.
Result<void> WriteResults(const SimulateFlags& flags, const SimulateReport& report,
                          const SingleJobSimulation& simulation, const Console& console) {
  if (!flags.save_state.empty()) {
    ZEUS_ASSIGN_OR_RETURN(const std::string state, simulation.Save());
    ZEUS_RETURN_IF_ERROR(WriteResultFile(flags.save_state, state));
  }
  if (!flags.plot.empty()) ZEUS_RETURN_IF_ERROR(WriteResultFile(flags.plot, ReportPlot(report)));
  if (!flags.csv.empty()) {
    std::string csv(HistoryCsvHeader());
    AppendHistoryCsv({.gpu = report.gpu,
                      .dataset = report.trace->job.workload.dataset,
                      .eta = report.options.eta,
                      .beta = report.options.beta,
                      .seed = report.options.seed},
                     simulation.history(), &csv);
    ZEUS_RETURN_IF_ERROR(WriteOutput(console, flags.csv, csv));
  }
  if (flags.csv == "-") return {};
  return console.Print(flags.json ? ReportJson(report) : ReportText(report, console));
}

Result<void> RunSimulate(const SimulateFlags& flags, const Console& console) {
  ZEUS_RETURN_IF_ERROR(CheckFlags(flags));
  ZEUS_ASSIGN_OR_RETURN(const PolicyFactory factory, flags.policies.LoadPlugins());
  ZEUS_ASSIGN_OR_RETURN(TraceStore store, TraceStore::Open(flags.traces.folder));
  ZEUS_ASSIGN_OR_RETURN(const std::string gpu, flags.gpu.Choose(store));
  ZEUS_ASSIGN_OR_RETURN(const JoinedTrace* const joined, store.ForGpu(gpu));
  ZEUS_ASSIGN_OR_RETURN(const JobIdentity job, flags.job.Choose(store, *joined));
  ZEUS_ASSIGN_OR_RETURN(const JobTrace trace, joined->Select(job));
  const SimulationOptions options{.eta = flags.knobs.eta,
                                  .beta = flags.knobs.beta,
                                  .seed = flags.seed,
                                  .window = flags.policies.window,
                                  .concurrency = flags.concurrency ? Concurrency::kOn : Concurrency::kOff,
                                  .policies = flags.policies.names};
  ZEUS_ASSIGN_OR_RETURN(SingleJobSimulation simulation, SingleJobSimulation::Create(trace, options, factory));
  if (!flags.load_state.empty()) {
    ZEUS_ASSIGN_OR_RETURN(const std::string state, ReadTextFile(flags.load_state));
    if (Result<void> loaded = simulation.Load(state); !loaded) {
      return Fail(loaded.error().code, fmt::format("{}: {}", flags.load_state, loaded.error().message));
    }
  }
  const Result<void> ran = simulation.RunUntil(flags.recurrences.value_or(trace.DefaultRecurrences()));
  SimulateReport report{.gpu = gpu, .trace = &trace, .options = options, .recurrences = {}, .summary = {}};
  report.recurrences = SummarizeRecurrences(simulation.history(), simulation.metric());
  if (const Result<RunSummary> summary = SummarizeRun(simulation.history(), trace, simulation.metric());
      summary && ran) {
    report.summary = *summary;
  }
  if (!ran) report.failure = ran.error().message;
  ZEUS_RETURN_IF_ERROR(WriteResults(flags, report, simulation, console));
  return ran;
}

}  // namespace

void AddSimulateCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<SimulateFlags>();
  CLI::App* const command = app.add_subcommand("simulate", "Simulate one recurring job on recorded traces");
  flags->job.AddTo(*command);
  flags->gpu.AddTo(*command);
  flags->traces.AddTo(*command);
  flags->knobs.AddTo(*command);
  command->add_option("--seed", flags->seed, "Seed of the trace's draws and of the policy's")
      ->type_name("N")
      ->transform(CountText())
      ->capture_default_str();
  command->add_option("--recurrences", flags->recurrences, "How often the job recurs [2 * batch sizes * power limits]")
      ->type_name("N")
      ->transform(IntegerText());
  flags->policies.AddTo(*command);
  command->add_flag("--concurrency", flags->concurrency,
                    "Tell the policy that results may come back in another order than proposed");
  command->add_flag("--json", flags->json, "Print JSON instead of a table");
  command->add_option("--csv", flags->csv, "Write the history, one line a try; -: to standard output, nothing else")
      ->type_name("FILE");
  command->add_option("--plot", flags->plot, "Draw the cost of each recurrence as an SVG picture")->type_name("FILE");
  command->add_option("--load-state", flags->load_state, "Continue a simulation that --save-state wrote")
      ->type_name("FILE");
  command->add_option("--save-state", flags->save_state, "Write all that is needed to continue later")
      ->type_name("FILE");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunSimulate(*flags, console); };
  });
}

}  // namespace zeus
