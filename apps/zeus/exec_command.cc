#include <fmt/format.h>
#include <string.h>

#include <memory>
#include <optional>
#include <utility>

#include "apps/zeus/command.h"
#include "apps/zeus/exec_meter.h"
#include "apps/zeus/exec_report.h"
#include "apps/zeus/inventory_flags.h"
#include "apps/zeus/number_flags.h"
#include "apps/zeus/number_range.h"
#include "zeus/base/child_process.h"
#include "zeus/base/noted_signals.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus emulate --gpus v100x2 -- zeus exec -- zeus emulate load --compute-seconds 1\n"
    "  zeus emulate -- zeus exec --repeat 3 --idle 1 -- zeus emulate load --compute-seconds 0.5\n"
    "  zeus emulate -- zeus exec --max-energy 500 -- zeus emulate load --compute-seconds 1\n"
    "  zeus exec --json --output energy.json -- python train.py > train.log\n"
    "\n"
    "GPUs are those that the command sees, and numbered as it numbers them. With --repeat, energy, time\n"
    "and average power are means with their 95% intervals, and the highest peak; a run that fails is the\n"
    "last, and so is one in which a signal said to end. The exit code is the command's; if that is 0 and\n"
    "an energy budget was passed, it is 3. Budgets are about the GPUs together; with --repeat, about the\n"
    "mean. A budget that cannot be judged, because a GPU was lost, is a failure (1).";

constexpr int kExitBudgetPassed = 3;
constexpr double kLongestSeconds = 1e7;
constexpr uint64_t kMostRuns = 100'000;

struct ExecFlags {
  std::string gpus;
  double period = 0.05;
  uint64_t repeat = 1;
  uint64_t warmup = 0;
  double cooldown = 0;
  double idle = 0;
  std::optional<double> max_energy;
  std::optional<double> max_energy_per;
  std::optional<uint64_t> iterations;
  bool json = false;
  std::string output;
  std::string csv;
  std::vector<std::string> command;
};

Result<void> Check(const ExecFlags& flags) {
  const auto fail = [](std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); };
  if (flags.command.empty()) return fail("a command is missing; see `zeus exec --help`");
  if (!(flags.period > 0)) return fail(fmt::format("--period: expected seconds above 0, found {}", flags.period));
  if (flags.repeat == 0) return fail("--repeat: expected at least 1 run, found 0");
  if (flags.iterations == 0U) return fail("--iterations: expected at least 1, found 0");
  if (flags.max_energy_per && !flags.iterations) {
    return fail("--max-energy-per: needs --iterations, how many of them the command does");
  }
  return {};
}

/// Runs of a command, one after another, until all are done, one fails, or a signal says to end.
class ExecRuns {
 public:
  ExecRuns(const ExecFlags& flags, const Console& console, ExecMeter& meter, ExecReport& report)
      : flags_(flags), console_(console), meter_(meter), report_(report) {}

  Result<void> RunAll() {
    if (flags_.idle > 0) {
      ZEUS_ASSIGN_OR_RETURN(report_.idle, meter_.Measure([this]() -> Result<int> {
        Wait(flags_.idle, "measuring idle power");
        return 0;
      }));
    }
    for (uint64_t i = 0; i < flags_.warmup + flags_.repeat && !told_to_end_; ++i) {
      Wait(flags_.cooldown, "cooling down");
      if (told_to_end_) break;
      ZEUS_ASSIGN_OR_RETURN(ExecRun done, meter_.Measure([this] { return RunCommand(); }));
      const int exit_code = done.exit_code;
      if (i < flags_.warmup && exit_code != 0) {
        report_.notes.push_back("the command failed in a warm-up run, which is what is shown");
      }
      if (i >= flags_.warmup || exit_code != 0) report_.runs.push_back(std::move(done));
      if (exit_code != 0) break;
    }
    return {};
  }

  /// The last run's exit code, or what a shell calls the end by the signal that kept runs from being made.
  [[nodiscard]] int exit_code() const {
    if (!report_.runs.empty() && (report_.runs.back().exit_code != 0 || report_.runs.size() == flags_.repeat)) {
      return report_.runs.back().exit_code;
    }
    return 128 + told_to_end_.value_or(0);
  }

  /// The signal that came before all runs were made.
  [[nodiscard]] std::optional<int> ended_by() const { return told_to_end_; }

 private:
  // What is waited for stands on a terminal's last line meanwhile.
  void Wait(double seconds, std::string_view reason) {
    if (!(seconds > 0)) return;
    if (console_.error_is_terminal) std::fputs(fmt::format("zeus exec: {}, {:g} s", reason, seconds).c_str(), stderr);
    told_to_end_ = signals_.Sleep(Seconds(seconds));
    if (console_.error_is_terminal) std::fputs("\r\x1b[K", stderr);
  }

  Result<int> RunCommand() {
    ZEUS_ASSIGN_OR_RETURN(const ForegroundEnd end, RunInForeground({.arguments = flags_.command, .environment = {}}));
    told_to_end_ = end.told_to_end ? end.told_to_end : signals_.first();
    return end.exit_code;
  }

  const ExecFlags& flags_;
  const Console& console_;
  ExecMeter& meter_;
  ExecReport& report_;
  const NotedSignals signals_;
  std::optional<int> told_to_end_;
};

Result<void> RunExec(const ExecFlags& flags, const Console& console, int* exit_code) {
  ZEUS_RETURN_IF_ERROR(Check(flags));
  const std::unique_ptr<DeviceInventory> inventory = OpenInventory();
  ZEUS_ASSIGN_OR_RETURN(const std::vector<ChosenGpu> gpus, ChooseGpus(*inventory, flags.gpus));
  const ExecBudget budget{
      .energy = flags.max_energy ? std::optional(Joules(*flags.max_energy)) : std::nullopt,
      .energy_per_iteration = flags.max_energy_per ? std::optional(Joules(*flags.max_energy_per)) : std::nullopt};
  if (gpus.empty() && (budget.energy || budget.energy_per_iteration)) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("an energy budget needs a GPU, and there is none: {}", WhyNoGpus(*inventory)));
  }
  ZEUS_ASSIGN_OR_RETURN(ExecMeter meter, ExecMeter::Create(gpus, inventory->Cpus(), Seconds(flags.period)));
  ExecReport report{.command = flags.command,
                    .devices = meter.devices(),
                    .runs = {},
                    .idle = {},
                    .iterations = flags.iterations,
                    .notes = meter.notes()};
  if (gpus.empty()) report.notes.push_back(fmt::format("there is no GPU here: {}", WhyNoGpus(*inventory)));
  ExecRuns runs(flags, console, meter, report);
  ZEUS_RETURN_IF_ERROR(runs.RunAll());
  *exit_code = runs.exit_code();
  if (runs.ended_by() && report.runs.size() < flags.repeat) {
    report.notes.push_back(fmt::format("ended by signal {} ({}) after {} of {} runs", *runs.ended_by(),
                                       ::sigdescr_np(*runs.ended_by()), report.runs.size(), flags.repeat));
  }
  if (report.runs.empty()) {
    console.Note("zeus: " + report.notes.back());
    return {};
  }

  Console on_error = console;
  on_error.color = console.color && console.error_is_terminal && flags.output.empty();
  std::string text = flags.json ? ExecJson(report) : ExecText(report, on_error);
  if (flags.output.empty()) {
    if (text.ends_with('\n')) text.pop_back();
    console.Note(text);
  } else {
    ZEUS_RETURN_IF_ERROR(WriteOutput(console, flags.output, text));
  }
  if (!flags.csv.empty()) ZEUS_RETURN_IF_ERROR(WriteOutput(console, flags.csv, ExecCsv(report)));
  const BudgetVerdict verdict = CheckBudget(report, budget);
  if (verdict.state == BudgetState::kKept) return {};
  console.Note("zeus: " + verdict.message);
  if (*exit_code == 0) *exit_code = verdict.state == BudgetState::kPassed ? kExitBudgetPassed : 1;
  return {};
}

void AddMeasurementFlags(CLI::App& command, ExecFlags& flags) {
  const auto seconds = [&](const char* name, double& value, const char* description) {
    command.add_option(name, value, description)->type_name("SECONDS")->transform(NumberFrom(0, kLongestSeconds));
  };
  const auto count = [&](const char* name, uint64_t& value, const char* description) {
    command.add_option(name, value, description)->type_name("N")->transform(CountText(kMostRuns));
  };
  command.add_option("--gpu", flags.gpus, "Which GPUs, such as 0 or 0,2 [all that the command sees]")
      ->type_name("LIST");
  seconds("--period", flags.period, "Between two samples of power [0.05]");
  count("--repeat", flags.repeat, "Measure so many runs, and tell means with their 95% intervals [1]");
  count("--warmup", flags.warmup, "Runs before those that are measured [0]");
  seconds("--cooldown", flags.cooldown, "Wait before each run [0]");
  seconds("--idle", flags.idle, "Measure idle power for so long before the first run, and show it apart [0]");
}

}  // namespace

void AddExecCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<ExecFlags>();
  CLI::App* const command = app.add_subcommand("exec", "Run a command and tell the energy and power it took");
  AddMeasurementFlags(*command, *flags);
  for (auto [name, value, description] :
       {std::tuple{"--max-energy", &flags->max_energy, "Budget: exit code 3 if a run takes more energy, J"},
        std::tuple{"--max-energy-per", &flags->max_energy_per,
                   "Budget: exit code 3 if an iteration takes more energy, J; needs --iterations"}}) {
    command->add_option(name, *value, description)->type_name("J")->transform(NumberFrom(0, 1e15));
  }
  command->add_option("--iterations", flags->iterations, "How many iterations the command does in a run")
      ->type_name("N")
      ->transform(CountText());
  command->add_flag("--json", flags->json, "Report as JSON instead of a table");
  command->add_option("--output", flags->output, "Write the report there instead of to standard error")
      ->type_name("FILE");
  command->add_option("--csv", flags->csv, "Write a line for each run and device")->type_name("FILE");
  command->prefix_command();
  command->footer(kExamples);
  command->callback([&invocation, flags, command] {
    // Both `zeus exec -- COMMAND` and, where COMMAND is no flag of ours, `zeus exec COMMAND`.
    flags->command = invocation.command_to_run.empty() ? command->remaining() : invocation.command_to_run;
    invocation.action = [flags, &invocation](const Console& console) {
      return RunExec(*flags, console, &invocation.exit_code);
    };
  });
}

}  // namespace zeus
