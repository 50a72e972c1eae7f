#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "apps/zeus/command.h"
#include "apps/zeus/inventory_flags.h"
#include "apps/zeus/job_gpus.h"
#include "apps/zeus/run_flags.h"
#include "apps/zeus/run_progress.h"
#include "apps/zeus/run_report.h"
#include "zeus/base/noted_signals.h"
#include "zeus/base/shell_words.h"
#include "zeus/launcher/job_file.h"
#include "zeus/launcher/recurring_run.h"
#include "zeus/plugin/load_policy_plugin.h"
#ifdef ZEUS_SERVICES
#include "apps/zeus/served_run.h"
#endif

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus run job.toml > run.log\n"
    "  zeus run job.toml --recurrences 30 --eta 1 --quiet --json > report.json\n"
    "  zeus run job.toml --dry-run > first-try.txt\n"
    "  zeus run job.toml --resume zeus_runs/cifar100+...+20230112174309 > run.log\n"
#ifdef ZEUS_SERVICES
    "  zeus run job.toml --recurrences 1 --server http://127.0.0.1:30100 > run.log\n"
#endif
    "\n"
    "The job file (TOML) says what to train and may hold the values of these flags in [run]; flags come\n"
    "first. A run that was killed or interrupted goes on with the same flags and --resume. Exit codes: 1\n"
    "when a try or the run failed, 130 after Ctrl-C. docs/running.md says more.";

using MakePolicy = std::function<Result<std::unique_ptr<BatchSizePolicy>>(const PolicyOptions&)>;

Result<MakePolicy> FindPolicy(const std::string& name, const std::vector<std::string>& plugins) {
  const std::vector<std::string_view> built_in = BatchSizePolicyNames();
  std::vector<std::string> known(built_in.begin(), built_in.end());
  std::optional<PolicyPlugin> chosen;
  for (const std::string& file : plugins) {
    ZEUS_ASSIGN_OR_RETURN(PolicyPlugin plugin, LoadPolicyPlugin(file));
    if (std::ranges::find(known, plugin.name()) != known.end()) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("there is a batch-size policy named \"{}\" already; give yours another name", plugin.name()));
    }
    known.push_back(plugin.name());
    if (plugin.name() == name) chosen = plugin;
  }
  if (chosen) return [plugin = *chosen](const PolicyOptions& options) { return plugin.Make(options); };
  // The oracle is the simulator's; the run itself says that it is not for training.
  if (name == "oracle" || std::ranges::find(known, name) != known.end()) {
    return [name](const PolicyOptions& options) { return MakeBatchSizePolicy(name, options); };
  }
  std::erase(known, "grid");
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("no batch-size policy is named \"{}\"; there are: {}", name, fmt::join(known, ", ")));
}

// YYYYMMDDhhmmss, local time.
std::string Timestamp() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &local)};
}

// What was asked for: flags, or else the job file, or else the defaults.
Result<RecurringRunOptions> ToOptions(const RunFlags& flags, const JobFile& file, const JobGpus& gpus) {
  const RunSettings& run = file.run;
  RecurringRunOptions options;
  RunIdentity& identity = options.identity;
  identity.job = file.job.identity;
  identity.batch_sizes = file.batch_sizes;
  identity.max_power = gpus.max_power;
  identity.eta = flags.eta.value_or(run.eta.value_or(identity.eta));
  identity.beta = flags.beta.value_or(run.beta.value_or(identity.beta));
  identity.seed = flags.seed.value_or(run.seed.value_or(identity.seed));
  if (run.batch_policy) identity.batch_policy = *run.batch_policy;
  if (!flags.batch_policy.empty()) identity.batch_policy = flags.batch_policy;
  if (flags.is_served()) identity.batch_policy = kServedPolicy;
  identity.window = flags.window.value_or(run.window.value_or(0));
  identity.observer = flags.observer ? ObserverMode::kOn : run.observer.value_or(ObserverMode::kOff);
  identity.profile = run.profile.value_or(ProfileWindow());
  const std::optional<int64_t> recurrences = flags.recurrences ? flags.recurrences : run.recurrences;
  if (!recurrences) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--recurrences: how many? Or say so in {}: recurrences, in [run]", flags.job));
  }
  if (*recurrences < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("--recurrences: {}: expected 1 or more", *recurrences));
  }
  options.recurrences = *recurrences;
  options.command = file.job.command;
  options.largest_limit = gpus.largest_limit;
  if (!flags.is_served()) {
    ZEUS_ASSIGN_OR_RETURN(options.make_policy, FindPolicy(identity.batch_policy, flags.plugins));
  }
  options.timeout = flags.timeout ? std::optional(Seconds(*flags.timeout)) : run.timeout;
  return options;
}

std::filesystem::path NewFolder(const RunFlags& flags, const RecurringRunOptions& options) {
  return std::filesystem::path(flags.log_dir) / RunFolderName(options.identity, options.recurrences, Timestamp());
}

Result<void> DryRun(const RunFlags& flags, const JobFile& file, const Console& console) {
  // MaxPower weighs outcomes; the first try has none yet.
  ZEUS_ASSIGN_OR_RETURN(RecurringRunOptions options,
                        ToOptions(flags, file, {.name = {}, .largest_limit = Watts(1), .max_power = Watts(1)}));
  const std::filesystem::path folder =
      flags.resume.empty() ? NewFolder(flags, options) : std::filesystem::path(flags.resume);
  ZEUS_ASSIGN_OR_RETURN(const TrainingCommand command, RecurringRun::Preview(folder, std::move(options)));
  std::string text = fmt::format("# The first try; nothing is run.\n# Log folder: {}\ncd {}\n",
                                 command.log.parent_path().string(), ShellWord(command.workdir.string()));
  for (const auto& [name, value] : command.environment) text += fmt::format("export {}={}\n", name, ShellWord(value));
  std::vector<std::string> words;
  for (const std::string& argument : command.arguments) words.push_back(ShellWord(argument));
  return console.Print(text + fmt::format("{}\n", fmt::join(words, " ")));
}

// Where the training's output is shown; nowhere when it is not wanted, or when there is no such stream.
std::optional<int> EchoTo(const RunFlags& flags) {
  const int stream = flags.json ? STDERR_FILENO : STDOUT_FILENO;
  if (flags.quiet || ::fcntl(stream, F_GETFD) < 0) return std::nullopt;
  return stream;
}

Result<void> RunRun(const RunFlags& flags, const Console& console, int* exit_code) {
  const std::optional<int> echo = EchoTo(flags);
  ZEUS_ASSIGN_OR_RETURN(const JobFile file, ReadJobFile(flags.job));
  if (flags.dry_run) return DryRun(flags, file, console);
  std::unique_ptr<DeviceInventory> inventory = OpenInventory(NodeUse::kForGood);
  ZEUS_ASSIGN_OR_RETURN(const JobGpus gpus, ReadJobGpus(*inventory));
  ZEUS_ASSIGN_OR_RETURN(RecurringRunOptions options, ToOptions(flags, file, gpus));

  const NotedSignals signals;
#ifdef ZEUS_SERVICES
  if (flags.is_served()) {
    ZEUS_ASSIGN_OR_RETURN(options.make_policy,
                          MakeServedPolicy(flags.server, flags.job_id, options.identity, gpus, console, signals));
  }
#endif
  const auto beside = echo ? RunProgress::Beside::kOutput : RunProgress::Beside::kNothing;
  auto progress = std::make_unique<RunProgress>(console, options.recurrences, beside);
  options.echo = echo;
  options.signals = &signals;
  options.on_try = [&](const TryRequest& request) { progress->Begin(request); };
  options.on_try_ended = [&](const RunEntry& entry) { progress->End(entry); };
  RunReport report{.identity = options.identity, .log_dir = {}, .recurrences = {}, .failure = {}};
  const auto interrupted = [&] { *exit_code = 128 + *signals.first(); };

  Result<std::unique_ptr<RecurringRun>> made = flags.resume.empty()
                                                   ? RecurringRun::Start(NewFolder(flags, options), options)
                                                   : RecurringRun::Resume(flags.resume, options);
  if (!made) {
    if (signals.first()) interrupted();
    return std::unexpected(std::move(made).error());
  }
  RecurringRun& run = **made;
  // Only now, that nothing of an earlier run is at work any more. Its threads end before processes are made.
  RestoreWhatWasLeft(*inventory, console);
  inventory.reset();

  const Result<RunEnding> ended = run.Run();
  progress.reset();
  report.log_dir = run.folder();
  report.recurrences = SummarizeRecurrences(run.history(), run.metric());
  const bool stopped = ended && *ended == RunEnding::kInterrupted;
  if (!ended) report.failure = ended.error().message;
  if (stopped) {
    report.failure = fmt::format("interrupted by signal {} ({})", *signals.first(), ::sigdescr_np(*signals.first()));
    interrupted();
  }
  if (!report.failure.empty()) {
    if (stopped) console.Note("zeus: " + report.failure);
    const int64_t left = options.recurrences - std::ranges::count(run.history(), true, &HistoryEntry::reached);
    console.Note("zeus: what was learned is kept; go on with: " + GoOnCommand(flags, run.folder(), left));
  }
  // Before anything is printed: whoever reads that may stop at any line.
  const Result<void> drawn = flags.plot.empty() ? Result<void>() : WriteResultFile(flags.plot, RunPlot(report));
  if (ended && !drawn) return drawn;
  if (drawn) report.picture = flags.plot;
  if (!report.failure.empty() && !flags.json) {
    return ended ? Result<void>() : std::unexpected(ended.error());
  }
  ZEUS_RETURN_IF_ERROR(console.Print(flags.json ? RunJson(report) : RunText(report, console)));
  if (!ended) return std::unexpected(ended.error());
  return {};
}

}  // namespace

void AddRunCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* const command =
      app.add_subcommand("run", "Run a recurring training job, and find its best batch size and power limit");
  AddRunFlags(*command, *flags);
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags, &invocation](const Console& console) {
      return RunRun(*flags, console, &invocation.exit_code);
    };
  });
}

}  // namespace zeus
