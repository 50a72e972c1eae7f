#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "apps/zeus/command.h"
#include "apps/zeus/inventory_flags.h"
#include "apps/zeus/monitor_signals.h"
#include "apps/zeus/monitor_view.h"
#include "apps/zeus/number_range.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus emulate --gpus v100x2 -- zeus monitor power --period 0.5 --for 1\n"
    "  zeus emulate -- zeus monitor energy --for 1\n"
    "  zeus monitor temperature --gpu 0,1 --json > temperatures.jsonl\n"
    "\n"
    "On a terminal it is a table that is kept up to date, elsewhere CSV. An interrupt (Ctrl-C) takes a last reading.";

constexpr double kLongestSeconds = 1e9;

struct MonitorFlags {
  MonitorKind kind = MonitorKind::kPower;
  std::string gpus;
  std::string domain;
  double period = 1;
  std::optional<double> seconds;
  bool csv = false;
  bool json = false;
};

std::chrono::nanoseconds ToNanoseconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

/// Prints each round as asked for.
class MonitorOutput {
 public:
  MonitorOutput(const MonitorFlags& flags, const Console& console, const std::vector<ChosenGpu>& gpus)
      : flags_(flags),
        console_(console),
        gpus_(gpus),
        live_(console.output_is_terminal && !flags.csv && !flags.json),
        view_(flags.kind, gpus) {}

  Result<void> Begin() { return live_ || flags_.json ? Result<void>() : console_.Print(MonitorCsvHeader(flags_.kind)); }

  Result<void> Print(const MonitorRound& round) {
    if (!live_) {
      return console_.Print(flags_.json ? MonitorJsonLines(flags_.kind, gpus_, round)
                                        : MonitorCsv(flags_.kind, gpus_, round));
    }
    view_.Add(round);
    const std::string text = view_.ToText(console_);
    const std::string back = lines_ > 0 ? fmt::format("\033[{}A\033[J", lines_) : "";
    lines_ = std::ranges::count(text, '\n');
    return console_.Print(back + text);
  }

 private:
  const MonitorFlags& flags_;
  const Console& console_;
  const std::vector<ChosenGpu>& gpus_;
  const bool live_;
  MonitorView view_;
  std::ptrdiff_t lines_ = 0;
};

// A GPU that was lost and has not come back makes what was asked for incomplete.
Result<void> CheckComplete(const std::vector<MonitorReading>& readings) {
  for (const MonitorReading& reading : readings) {
    if (reading.failure && reading.failure->code == ErrorCode::kUnavailable) return std::unexpected(*reading.failure);
  }
  return {};
}

Result<void> RunMonitor(const MonitorFlags& flags, const Console& console) {
  if (!(flags.period > 0)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("--period: expected seconds above 0, found {}", flags.period));
  }
  BlockEndingSignals();
  const std::unique_ptr<DeviceInventory> inventory = OpenInventory();
  ZEUS_ASSIGN_OR_RETURN(const std::vector<ChosenGpu> gpus, ChooseGpus(*inventory, flags.gpus));
  if (gpus.empty()) {
    return Fail(ErrorCode::kUnavailable, fmt::format("there is no GPU here: {}", WhyNoGpus(*inventory)));
  }
  ZEUS_ASSIGN_OR_RETURN(const MonitorReader read,
                        MakeMonitorReader(gpus, {.kind = flags.kind, .domain = flags.domain}));
  MonitorOutput output(flags, console, gpus);
  ZEUS_RETURN_IF_ERROR(output.Begin());

  const WallTime wall_begin = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const Time begin = std::chrono::steady_clock::now();
  const Time end = flags.seconds ? begin + ToNanoseconds(*flags.seconds) : Time::max();
  const auto period = std::max(ToNanoseconds(flags.period), std::chrono::nanoseconds(1));
  MonitorRound round;
  for (Time deadline = begin;;) {
    const bool ended = SignalBefore(std::min(deadline, end));
    const Time now = std::chrono::steady_clock::now();
    round = {.time = wall_begin + (now - begin),
             .elapsed = Seconds(std::chrono::duration<double>(now - begin).count()),
             .readings = read()};
    ZEUS_RETURN_IF_ERROR(output.Print(round));
    if (ended || now >= end) return CheckComplete(round.readings);
    deadline += ((std::chrono::steady_clock::now() - deadline) / period + 1) * period;
  }
}

void AddKind(CLI::App& monitor, Invocation& invocation, const char* name, MonitorKind kind, const char* description) {
  auto flags = std::make_shared<MonitorFlags>();
  flags->kind = kind;
  CLI::App* const command = monitor.add_subcommand(name, description);
  command->add_option("--gpu", flags->gpus, "Which GPUs, such as 0 or 0,2 [all that are visible]")->type_name("LIST");
  command->add_option("--period", flags->period, "Between two readings [1]")
      ->type_name("SECONDS")
      ->transform(NumberFrom(0, kLongestSeconds));
  command->add_option("--for", flags->seconds, "End after so many seconds [until an interrupt]")
      ->type_name("SECONDS")
      ->transform(NumberFrom(0, kLongestSeconds));
  if (kind == MonitorKind::kPower) {
    command
        ->add_option("--domain", flags->domain,
                     "device_instant, device_average or memory_average [the best that a GPU has]")
        ->type_name("DOMAIN");
  }
  CLI::Option* const csv = command->add_flag("--csv", flags->csv, "CSV, also on a terminal");
  command->add_flag("--json", flags->json, "A JSON object in each line")->excludes(csv);
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunMonitor(*flags, console); };
  });
}

}  // namespace

void AddMonitorCommand(CLI::App& app, Invocation& invocation) {
  CLI::App* const command = app.add_subcommand("monitor", "Watch the power, energy or temperature of GPUs");
  command->require_subcommand(1);
  command->footer(kExamples);
  AddKind(*command, invocation, "power", MonitorKind::kPower, "Power now, and the energy under what is shown");
  AddKind(*command, invocation, "energy", MonitorKind::kEnergy,
          "Energy since the begin, and the power between readings");
  AddKind(*command, invocation, "temperature", MonitorKind::kTemperature, "Temperature");
}

}  // namespace zeus
