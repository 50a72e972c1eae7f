#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "apps/zeus/command.h"
#include "apps/zeus/explain_report.h"
#include "apps/zeus/job_flags.h"
#include "apps/zeus/number_flags.h"
#include "zeus/base/text_file.h"
#include "zeus/launcher/relive.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"
#include "zeus/simulator/expected_cost.h"
#include "zeus/simulator/single_job.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus explain --workload librispeech --gpu v100 --batch-policy knowledge-gradient --recurrences 5\n"
    "  zeus explain --workload cifar100 --gpu a40 --recurrences 10 --json\n"
    "  zeus explain --workload squad --gpu v100 --batch-policy knowledge-gradient --recurrences 3 --plot beliefs.svg\n"
    "  zeus explain LOG_DIR > beliefs.txt";

constexpr int64_t kRecurrences = 10;

struct ExplainFlags {
  std::string log_dir;
  TraceFlags traces;
  GpuFlag gpu;
  JobFlags job;
  KnobFlags knobs;
  PolicyFlags policies;
  uint64_t seed = 1;
  std::optional<int64_t> recurrences;
  bool json = false;
  std::string plot;
};

std::unexpected<Error> FailNothingToTell(std::string_view policy) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the policy \"{}\" has no beliefs that it could explain; knowledge-gradient, pruned-thompson "
                          "and thompson have",
                          policy));
}

Result<ExplainReport> ExplainSimulation(const ExplainFlags& flags, const PolicyFactory& factory) {
  ZEUS_ASSIGN_OR_RETURN(TraceStore store, TraceStore::Open(flags.traces.folder));
  ZEUS_ASSIGN_OR_RETURN(const std::string gpu, flags.gpu.Choose(store));
  ZEUS_ASSIGN_OR_RETURN(const JoinedTrace* const joined, store.ForGpu(gpu));
  ZEUS_ASSIGN_OR_RETURN(const JobIdentity job, flags.job.Choose(store, *joined));
  ZEUS_ASSIGN_OR_RETURN(const JobTrace trace, joined->Select(job));
  const SimulationOptions options{.eta = flags.knobs.eta,
                                  .beta = flags.knobs.beta,
                                  .seed = flags.seed,
                                  .window = flags.policies.window,
                                  .policies = flags.policies.names};
  ZEUS_ASSIGN_OR_RETURN(SingleJobSimulation simulation, SingleJobSimulation::Create(trace, options, factory));
  ZEUS_RETURN_IF_ERROR(simulation.RunUntil(flags.recurrences.value_or(kRecurrences)));
  ZEUS_ASSIGN_OR_RETURN(std::optional<PolicyExplanation> explanation, simulation.Explain());
  if (!explanation) return FailNothingToTell(flags.policies.names.batch_size);
  ExplainReport report{.job = job,
                       .where = gpu,
                       .batch_policy = flags.policies.names.batch_size,
                       .recurrences = simulation.recurrences_done(),
                       .explanation = *std::move(explanation),
                       .truth = {}};
  for (const BatchSizeBelief& size : report.explanation.sizes) {
    const std::optional<ExpectedRecurrence> expected = ExpectBestLimit(trace, simulation.metric(), size.batch_size);
    report.truth.push_back(expected ? std::optional(expected->cost) : std::nullopt);
  }
  return report;
}

Result<ExplainReport> ExplainRun(const ExplainFlags& flags, const PolicyFactory& factory) {
  const std::string file = (std::filesystem::path(flags.log_dir) / "history.json").string();
  ZEUS_ASSIGN_OR_RETURN(const RunHistory history, ReadRunHistory(file));
  const RunIdentity& identity = history.identity;
  const PolicyOptions options{.seed = identity.seed, .window = identity.window, .beta = identity.beta};
  ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<BatchSizePolicy> policy,
                        factory.MakeBatchSize(identity.batch_policy, options));
  ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<PowerLimitPolicy> power_limits,
                        MakePowerLimitPolicy(identity.power_policy));
  ZEUS_ASSIGN_OR_RETURN(const std::optional<int64_t> awaited, Relive(history, file, *policy, *power_limits));
  ZEUS_ASSIGN_OR_RETURN(std::optional<PolicyExplanation> explanation, policy->Explain(JobId{0}));
  if (!explanation) return FailNothingToTell(identity.batch_policy);
  if (awaited) explanation->next_batch_size = *awaited;
  const auto reached =
      std::ranges::count_if(history.entries, [](const RunEntry& entry) { return entry.tried.reached; });
  return ExplainReport{.job = identity.job,
                       .where = flags.log_dir,
                       .batch_policy = identity.batch_policy,
                       .recurrences = reached,
                       .explanation = *std::move(explanation),
                       .truth = {}};
}

Result<void> CheckFlags(const ExplainFlags& flags) {
  if (flags.log_dir.empty()) return {};
  const bool simulated = !flags.job.workload.empty() || !flags.job.dataset.empty() || !flags.gpu.gpu.empty() ||
                         flags.recurrences.has_value();
  if (!simulated) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "LOG_DIR: a recorded run has its own job, GPU and recurrences; leave --workload, --dataset, --gpu and "
              "--recurrences out");
}

Result<void> RunExplain(const ExplainFlags& flags, const Console& console) {
  ZEUS_RETURN_IF_ERROR(CheckFlags(flags));
  ZEUS_ASSIGN_OR_RETURN(const PolicyFactory factory, flags.policies.LoadPlugins());
  ZEUS_ASSIGN_OR_RETURN(const ExplainReport report,
                        flags.log_dir.empty() ? ExplainSimulation(flags, factory) : ExplainRun(flags, factory));
  if (!flags.plot.empty()) ZEUS_RETURN_IF_ERROR(WriteResultFile(flags.plot, ExplainPlot(report)));
  return console.Print(flags.json ? ExplainJson(report) : ExplainText(report, console));
}

}  // namespace

void AddExplainCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* const command = app.add_subcommand("explain", "Show what a policy believes of a job and why it chooses");
  command->add_option("LOG_DIR", flags->log_dir, "Log folder of a `zeus run`; without it, a job is simulated");
  flags->job.AddTo(*command);
  flags->gpu.AddTo(*command);
  flags->traces.AddTo(*command);
  flags->knobs.AddTo(*command);
  command->add_option("--seed", flags->seed, "Seed of the trace's draws and of the policy's")
      ->type_name("N")
      ->transform(CountText())
      ->capture_default_str();
  command->add_option("--recurrences", flags->recurrences, "After how many simulated recurrences [10]")
      ->type_name("N")
      ->transform(CountText());
  flags->policies.AddTo(*command);
  command->add_flag("--json", flags->json, "Print JSON instead of a table");
  command->add_option("--plot", flags->plot, "Draw believed and true costs as an SVG picture")->type_name("FILE");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunExplain(*flags, console); };
  });
}

}  // namespace zeus
