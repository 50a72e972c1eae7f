#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "apps/zeus/command.h"
#include "apps/zeus/inventory_flags.h"
#include "apps/zeus/job_gpus.h"
#include "apps/zeus/number_flags.h"
#include "apps/zeus/number_range.h"
#include "apps/zeus/progress_bar.h"
#include "apps/zeus/trace_output.h"
#include "zeus/base/noted_signals.h"
#include "zeus/launcher/job_file.h"
#include "zeus/launcher/job_profile.h"
#include "zeus/launcher/run_folder.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus profile job.toml --out traces > profile.log\n"
    "  zeus profile job.toml --out traces --runs 3 --gpu-name v100 > profile.log\n"
    "\n"
    "Each batch size is trained until its power limits are profiled, and then --runs times at the largest\n"
    "limit until it reaches the target. Finished runs are kept in the log folder and not made again: a\n"
    "profile that was interrupted goes on when it is called again. Delete the folder to begin anew.\n"
    "`zeus simulate --traces` reads the traces; docs/running.md says what they hold.";

constexpr double kLongestTimeout = 1e9;
constexpr uint64_t kMostRuns = 10'000;

struct ProfileFlags {
  std::string job;
  TraceOutputFlags output;
  uint64_t runs = 1;
  std::optional<uint64_t> seed;
  std::string gpu_name;
  std::string log_dir = "zeus_profiles";
  std::optional<double> timeout;
  bool quiet = false;
};

// As power traces are named: letters, digits, dashes and dots, the rest as "_".
std::string TraceName(const std::string& name) {
  std::string traced;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    traced += std::isalnum(byte) != 0 || c == '-' || c == '.' ? static_cast<char>(std::tolower(byte)) : '_';
  }
  return traced;
}

// The folder of this job's profile: the same for every call.
std::filesystem::path LogFolder(const ProfileFlags& flags, const JobFile& file, const CostMetric& metric) {
  RunIdentity identity;
  identity.job = file.job.identity;
  identity.batch_sizes = file.batch_sizes;
  identity.eta = metric.eta();
  return std::filesystem::path(flags.log_dir) / RunFolderName(identity, static_cast<int64_t>(flags.runs), "profile");
}

Result<RunFolder> OpenFolder(const std::filesystem::path& path, const NotedSignals& signals) {
  constexpr Seconds kLongestWait{15};
  Result<RunFolder> made = RunFolder::Make(path);
  if (made || made.error().code != ErrorCode::kFailedPrecondition) return made;
  return RunFolder::Open(path, kLongestWait, &signals);
}

Result<void> RunProfile(const ProfileFlags& flags, const Console& console, int* exit_code) {
  ZEUS_RETURN_IF_ERROR(flags.output.Check());
  if (flags.runs == 0) return Fail(ErrorCode::kInvalidArgument, "--runs: expected 1 or more, found 0");
  ZEUS_ASSIGN_OR_RETURN(const JobFile file, ReadJobFile(flags.job));
  std::unique_ptr<DeviceInventory> inventory = OpenInventory(NodeUse::kForGood);
  ZEUS_ASSIGN_OR_RETURN(const JobGpus gpus, ReadJobGpus(*inventory));
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(file.run.eta.value_or(0.5), gpus.max_power));
  const NotedSignals signals;
  ZEUS_ASSIGN_OR_RETURN(const RunFolder folder, OpenFolder(LogFolder(flags, file, metric), signals));
  RestoreWhatWasLeft(*inventory, console);
  inventory.reset();  // Its threads end before processes are made.

  // The training's own output would tear a line that changes.
  std::optional<ProgressBar> progress;
  if (flags.quiet) progress.emplace(console, "profiling", file.batch_sizes.size() * (flags.runs + 1));
  JobProfileOptions options{
      .executor = {.job = file.job,
                   .metric = metric,
                   .largest_limit = gpus.largest_limit,
                   .profile = file.run.profile.value_or(ProfileWindow()),
                   .seed = flags.seed.value_or(file.run.seed.value_or(1)),
                   .log_dir = std::filesystem::absolute(folder.path()),
                   .echo = flags.quiet ? std::nullopt : std::optional(STDOUT_FILENO),
                   .timeout = flags.timeout ? std::optional(Seconds(*flags.timeout)) : file.run.timeout,
                   .held = folder.lock(),
                   .signals = &signals},
      .batch_sizes = file.batch_sizes,
      .runs = static_cast<int64_t>(flags.runs),
      .on_run_ended = [&progress] {
        if (progress) progress->Advance();
      }};
  const Result<std::vector<BatchSizeProfile>> profiles = ProfileJob(std::move(options));
  progress.reset();
  if (!profiles) {
    console.Note("zeus: finished runs are kept; the same command goes on with the others");
    if (!signals.first()) return std::unexpected(profiles.error());
    console.Note("zeus: " + profiles.error().message);
    *exit_code = 128 + *signals.first();
    return {};
  }
  ZEUS_ASSIGN_OR_RETURN(
      const std::string written,
      WriteTraces(flags.output, {.train = ToTrainTrace(file.job, *profiles),
                                 .power = ToPowerTrace(file.job, gpus.largest_limit, *profiles),
                                 .gpu = flags.gpu_name.empty() ? TraceName(gpus.name) : flags.gpu_name,
                                 .job = file.job.identity}));
  console.Note(written.substr(0, written.size() - 1));
  return {};
}

}  // namespace

void AddProfileCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<ProfileFlags>();
  CLI::App* const command = app.add_subcommand(
      "profile", "Train a job at each batch size and power limit, and record the traces to simulate it on");
  command->add_option("job", flags->job, "The job file")->type_name("JOB.toml")->required();
  flags->output.AddTo(*command);
  command->add_option("--runs", flags->runs, "Runs to the target for each batch size, each with a seed of its own [1]")
      ->type_name("N")
      ->transform(CountText(kMostRuns));
  command->add_option("--seed", flags->seed, "Seed of the first run; each gets one more [1]")
      ->type_name("N")
      ->transform(CountText());
  command->add_option("--gpu-name", flags->gpu_name, "What the traces call the GPU [its own name]")->type_name("NAME");
  command->add_option("--log-dir", flags->log_dir, "Folder below which the job's runs get a folder of their own")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--timeout", flags->timeout, "End a run that takes longer, and fail")
      ->type_name("SECONDS")
      ->transform(NumberFrom(0.001, kLongestTimeout));
  command->add_flag("--quiet", flags->quiet, "Do not show the training's output");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags, &invocation](const Console& console) {
      return RunProfile(*flags, console, &invocation.exit_code);
    };
  });
}

}  // namespace zeus
