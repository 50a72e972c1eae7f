#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <memory>

#include "apps/zeus/command.h"
#include "apps/zeus/job_flags.h"
#include "apps/zeus/list_flags.h"
#include "apps/zeus/number_flags.h"
#include "apps/zeus/progress_bar.h"
#include "apps/zeus/sweep_report.h"
#include "zeus/base/number_text.h"
#include "zeus/trace/csv_text.h"
#include "zeus/trace/history_csv.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus sweep --workloads all --gpus v100\n"
    "  zeus sweep --workloads librispeech,squad --gpus v100,a40 --etas 0,0.5,1 --betas 2,inf \\\n"
    "      --policies pruned-thompson,thompson,grid,default/max --seeds 1-50 --csv sweep.csv\n"
    "  zeus sweep --workloads cifar100 --gpus all --target-metric all --seeds 1-20 --json\n"
    "  zeus sweep --workloads all --gpus v100 --seeds 1-3 --histories histories.csv\n"
    "  zeus sweep --policies pruned-thompson,knowledge-gradient --against pruned-thompson --seeds 1-20";

struct SweepFlags {
  TraceFlags traces;
  std::string workloads = "all";
  std::string gpus = "all";
  std::string etas = "0.5";
  std::string betas = "2";
  std::string policies{kDefaultBatchSizePolicy};
  std::string power_policy{kDefaultPowerLimitPolicy};
  std::string seeds = "1-10";
  std::string targets = "default";
  std::optional<int64_t> recurrences;
  size_t window = 0;
  PolicyFlags plugins;
  ThreadFlag threads;
  bool json = false;
  std::string csv;
  std::string histories;
  std::string against;
};

// Everything the cases point to.
struct Cases {
  std::deque<JobTrace> traces;  // A deque keeps addresses.
  std::vector<SweepCase> cases;
};

PolicyNames ToNames(const SweepFlags& flags, const std::string& text) {
  const size_t slash = text.find('/');
  return {.batch_size = text.substr(0, slash),
          .power_limit = slash == std::string::npos ? flags.power_policy : text.substr(slash + 1)};
}

Result<std::vector<PolicyNames>> ChoosePolicies(const SweepFlags& flags, const PolicyFactory& factory) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitList("--policies", flags.policies));
  std::vector<PolicyNames> policies;
  for (const std::string& part : parts) {
    policies.push_back(ToNames(flags, part));
    ZEUS_RETURN_IF_ERROR(factory.CheckNames(policies.back()));
  }
  if (!flags.against.empty() && std::ranges::find(parts, flags.against) == parts.end()) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("--against: {}: expected one of --policies, which are {}",
                                                         flags.against, fmt::join(parts, ", ")));
  }
  return policies;
}

// The jobs asked for that this GPU's trace holds. A job named explicitly must be there; "all" takes what there is.
Result<std::vector<JobIdentity>> ChooseJobs(const SweepFlags& flags, const TraceStore& store,
                                            const JoinedTrace& trace) {
  if (flags.workloads == "all") return store.WorkloadsOf(trace);
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> names, SplitList("--workloads", flags.workloads));
  std::vector<JobIdentity> jobs;
  for (const std::string& name : names) {
    ZEUS_ASSIGN_OR_RETURN(JobIdentity job, store.Workload(name, trace));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

// Whether every recorded run of the default batch size reaches the target.
bool DefaultAlwaysReaches(const JobTrace& trace) {
  const RecordedBatchSize* const recorded = trace.Find(trace.job.default_batch_size);
  return recorded != nullptr &&
         std::ranges::all_of(recorded->target_epochs, [&](const std::optional<int64_t>& target_epoch) {
           return target_epoch && *target_epoch <= trace.job.max_epochs;
         });
}

// The traces of one job: for its own target, for given ones, or for all that its default batch size always reaches.
Result<void> AddTargets(const SweepFlags& flags, const JoinedTrace& joined, const JobIdentity& job,
                        std::vector<JobTrace>* traces) {
  if (flags.targets == "default") {
    ZEUS_ASSIGN_OR_RETURN(JobTrace trace, joined.Select(job));
    traces->push_back(std::move(trace));
    return {};
  }
  const bool all = flags.targets == "all";
  std::vector<double> targets;
  if (all) {
    ZEUS_ASSIGN_OR_RETURN(targets, joined.TargetMetrics(job.workload));
  } else {
    ZEUS_ASSIGN_OR_RETURN(targets, NumberList("--target-metric", flags.targets));
  }
  for (const double target : targets) {
    JobIdentity with_target = job;
    with_target.target_metric = target;
    Result<JobTrace> trace = joined.Select(with_target);
    if (!trace && all) continue;  // b0 was never run to this target.
    ZEUS_RETURN_IF_ERROR(trace);
    if (!all || DefaultAlwaysReaches(*trace)) traces->push_back(*std::move(trace));
  }
  return {};
}

Result<Cases> ChooseCases(const SweepFlags& flags, TraceStore& store, const PolicyFactory& factory) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<double> etas, NumberList("--etas", flags.etas));
  for (const double eta : etas) ZEUS_RETURN_IF_ERROR(ValidateEta(eta));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<double> betas, NumberList("--betas", flags.betas));
  for (const double beta : betas) ZEUS_RETURN_IF_ERROR(ValidateBeta(beta));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<PolicyNames> policies, ChoosePolicies(flags, factory));
  std::vector<std::string> gpus = store.gpus();
  if (flags.gpus != "all") {
    ZEUS_ASSIGN_OR_RETURN(gpus, SplitList("--gpus", flags.gpus));
  }
  Cases cases;
  for (const std::string& gpu : gpus) {
    ZEUS_ASSIGN_OR_RETURN(const JoinedTrace* const joined, store.ForGpu(gpu));
    ZEUS_ASSIGN_OR_RETURN(const std::vector<JobIdentity> jobs, ChooseJobs(flags, store, *joined));
    std::vector<JobTrace> traces;
    for (const JobIdentity& job : jobs) ZEUS_RETURN_IF_ERROR(AddTargets(flags, *joined, job, &traces));
    for (JobTrace& trace : traces) {
      const JobTrace& kept = cases.traces.emplace_back(std::move(trace));
      for (const double eta : etas) {
        for (const double beta : betas) {
          for (const PolicyNames& names : policies) {
            cases.cases.push_back(
                {.gpu = gpu,
                 .trace = &kept,
                 .options = {.eta = eta, .beta = beta, .seed = 0, .window = flags.window, .policies = names}});
          }
        }
      }
    }
  }
  if (cases.cases.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "nothing to sweep over: the traces hold no such job and target");
  }
  return cases;
}

// Every run's history. Where several policies or targets would be mixed up, two more columns tell them apart.
class HistoryFile {
 public:
  explicit HistoryFile(const std::vector<SweepCase>& cases) : cases_(cases) {
    for (const SweepCase& each : cases) {
      several_ = several_ || each.options.policies.batch_size != cases[0].options.policies.batch_size ||
                 each.options.policies.power_limit != cases[0].options.policies.power_limit;
      for (const SweepCase& other : cases) {
        several_ = several_ || (each.trace->job.workload == other.trace->job.workload &&
                                each.trace->job.target_metric != other.trace->job.target_metric);
      }
    }
    text_ = HistoryCsvHeader();
    if (several_) text_.insert(text_.size() - 1, ",policy,power_policy,target_metric");
  }

  void Add(const SweepRun& run) {
    const SweepCase& sweep_case = cases_[run.case_index];
    const HistoryRun about = {.gpu = sweep_case.gpu,
                              .dataset = sweep_case.trace->job.workload.dataset,
                              .eta = sweep_case.options.eta,
                              .beta = sweep_case.options.beta,
                              .seed = run.seed};
    if (!several_) return AppendHistoryCsv(about, run.history, &text_);
    const std::string suffix = fmt::format(",{},{},{}\n", CsvField(sweep_case.options.policies.batch_size),
                                           CsvField(sweep_case.options.policies.power_limit),
                                           ShortestText(sweep_case.trace->job.target_metric));
    for (const HistoryEntry& entry : run.history) {
      AppendHistoryCsv(about, {entry}, &text_);
      text_.replace(text_.size() - 1, 1, suffix);
    }
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  const std::vector<SweepCase>& cases_;
  bool several_ = false;
  std::string text_;
};

Result<void> CheckFlags(const SweepFlags& flags) {
  if (flags.recurrences && *flags.recurrences < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("--recurrences: {}: expected 1 or more", *flags.recurrences));
  }
  if (int{flags.json} + int{flags.csv == "-"} + int{flags.histories == "-"} > 1) {
    return Fail(ErrorCode::kInvalidArgument, "only one of --json, --csv - and --histories - can have standard output");
  }
  return {};
}

Result<void> RunSweepCommand(const SweepFlags& flags, const Console& console) {
  ZEUS_RETURN_IF_ERROR(CheckFlags(flags));
  SweepOptions options{.seeds = {}, .recurrences = flags.recurrences, .threads = flags.threads.Choose()};
  ZEUS_ASSIGN_OR_RETURN(options.seeds, SeedList("--seeds", flags.seeds));
  ZEUS_ASSIGN_OR_RETURN(const PolicyFactory factory, flags.plugins.LoadPlugins());
  ZEUS_ASSIGN_OR_RETURN(TraceStore store, TraceStore::Open(flags.traces.folder));
  ZEUS_ASSIGN_OR_RETURN(const Cases cases, ChooseCases(flags, store, factory));

  HistoryFile histories(cases.cases);
  std::function<void(const SweepRun&)> on_run;
  if (!flags.histories.empty()) on_run = [&](const SweepRun& run) { histories.Add(run); };
  std::optional<ProgressBar> progress(std::in_place, console, "runs", cases.cases.size() * options.seeds.size());
  const std::vector<SweepRow> rows = RunSweep(cases.cases, options, factory, on_run, [&] { progress->Advance(); });
  progress.reset();

  std::vector<PolicyComparison> comparisons;
  if (!flags.against.empty()) comparisons = ComparePolicies(cases.cases, rows, ToNames(flags, flags.against));
  if (!flags.histories.empty()) ZEUS_RETURN_IF_ERROR(WriteOutput(console, flags.histories, histories.text()));
  if (!flags.csv.empty()) ZEUS_RETURN_IF_ERROR(WriteOutput(console, flags.csv, SweepCsv(cases.cases, rows)));
  if (flags.csv != "-" && flags.histories != "-") {
    ZEUS_RETURN_IF_ERROR(
        console.Print(flags.json ? SweepJson(cases.cases, rows, comparisons) : SweepText(cases.cases, rows, console)));
    if (!flags.json && !comparisons.empty()) {
      ZEUS_RETURN_IF_ERROR(console.Print("\n" + ComparisonText(cases.cases, comparisons, console)));
    }
  }
  size_t runs = 0;
  size_t failed = 0;
  const SweepRow* first = nullptr;
  for (const SweepRow& row : rows) {
    runs += row.runs;
    failed += row.failed;
    if (first == nullptr && row.failed > 0) first = &row;
  }
  if (failed == 0) return {};
  // Runs that cannot reach their target are results of a sweep, too: they are counted, and figures leave them out.
  const std::string message = fmt::format("{} of {} runs failed; the first: {}", failed, runs, first->first_failure);
  if (failed == runs) return Fail(ErrorCode::kUnreachable, message);
  console.Note("zeus: " + message);
  return {};
}

}  // namespace

void AddSweepCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<SweepFlags>();
  CLI::App* const command = app.add_subcommand("sweep", "Compare policies over jobs, GPUs, knobs and seeds");
  const auto add_list = [command](const char* name, std::string& value, const char* help) {
    command->add_option(name, value, help)->type_name("LIST")->capture_default_str();
  };
  flags->traces.AddTo(*command);
  add_list("--workloads", flags->workloads, "Jobs by name, or all that the traces hold");
  add_list("--gpus", flags->gpus, "GPU models, or all");
  add_list("--etas", flags->etas, "Weights of energy against time");
  add_list("--betas", flags->betas, "Early-stopping factors; inf: none");
  add_list("--policies", flags->policies,
           "Batch-size policies, each with its own power policy after a slash (grid, default/max)");
  command->add_option("--against", flags->against, "One of the policies; print what the others' regret is to its")
      ->type_name("NAME");
  command->add_option("--power-policy", flags->power_policy, "Power policy of those that name none: jit, max")
      ->type_name("NAME")
      ->capture_default_str();
  add_list("--seeds", flags->seeds, "Seeds and ranges of them");
  add_list("--target-metric", flags->targets,
           "Targets instead of each job's own, or all that its default batch size always reaches");
  command->add_option("--recurrences", flags->recurrences, "How often each job recurs [2 * batch sizes * power limits]")
      ->type_name("N")
      ->transform(IntegerText());
  command->add_option("--window", flags->window, "How many of a batch size's latest results count; 0: all")
      ->type_name("N")
      ->transform(CountText())
      ->capture_default_str();
  flags->plugins.AddPluginsTo(*command);
  flags->threads.AddTo(*command);
  command->add_flag("--json", flags->json, "Print JSON instead of a table");
  command->add_option("--csv", flags->csv, "Write the table; -: to standard output, nothing else")->type_name("FILE");
  command
      ->add_option("--histories", flags->histories, "Write every try of every run; -: to standard output, nothing else")
      ->type_name("FILE");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunSweepCommand(*flags, console); };
  });
}

}  // namespace zeus
