#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "apps/zeus/command.h"
#include "apps/zeus/inventory_flags.h"
#include "apps/zeus/monitor_nodes.h"
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
    "  zeus monitor power --from node1:4938,node2:4938\n"
    "\n"
    "On a terminal it is a table that is kept up to date, elsewhere CSV. An interrupt (Ctrl-C) takes a last reading.";

constexpr double kLongestSeconds = 1e9;

struct MonitorFlags {
  MonitorKind kind = MonitorKind::kPower;
  std::string gpus;
  std::string domain;
  std::string from;
  double period = 1;
  std::optional<double> seconds;
  bool csv = false;
  bool json = false;
};

std::chrono::nanoseconds ToNanoseconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

/// What is watched, and how.
struct MonitorSource {
  std::unique_ptr<DeviceInventory> inventory;  ///< Of this machine, which `read` reads.
  MonitorSubject subject;
  MonitorReader read;
  std::function<std::vector<std::string>()> take_notices = {};  ///< Of nodes.
};

/// Prints each round as asked for.
class MonitorOutput {
 public:
  MonitorOutput(const MonitorFlags& flags, const Console& console, MonitorSource& source)
      : flags_(flags),
        console_(console),
        source_(source),
        live_(console.output_is_terminal && !flags.csv && !flags.json),
        view_(source.subject) {}

  Result<void> Begin() {
    NoteWhatHappened();
    return live_ || flags_.json ? Result<void>() : console_.Print(MonitorCsvHeader(source_.subject));
  }

  Result<void> Print(const MonitorRound& round) {
    if (!live_) {
      NoteWhatHappened();
      return console_.Print(flags_.json ? MonitorJsonLines(source_.subject, round)
                                        : MonitorCsv(source_.subject, round));
    }
    // The table shows who has gone; a line on standard error would tear it.
    view_.Add(round);
    const std::string text = view_.ToText(console_);
    const std::string back = lines_ > 0 ? fmt::format("\033[{}A\033[J", lines_) : "";
    lines_ = std::ranges::count(text, '\n');
    return console_.Print(back + text);
  }

  /// After the last round. What nodes took together is no column of a row.
  void End(const MonitorRound& round) {
    if (source_.subject.place == MonitorSubject::Place::kNodes && !live_) {
      console_.Note("zeus: " + MonitorSummary(source_.subject, round));
    }
  }

 private:
  void NoteWhatHappened() {
    if (!source_.take_notices) return;
    for (const std::string& notice : source_.take_notices()) console_.Note("zeus: " + notice);
  }

  const MonitorFlags& flags_;
  const Console& console_;
  MonitorSource& source_;
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

Result<MonitorSource> OpenHere(const MonitorFlags& flags) {
  MonitorSource source{.inventory = OpenInventory(), .subject = {.kind = flags.kind}, .read = {}};
  ZEUS_ASSIGN_OR_RETURN(const std::vector<ChosenGpu> gpus, ChooseGpus(*source.inventory, flags.gpus));
  if (gpus.empty()) {
    return Fail(ErrorCode::kUnavailable, fmt::format("there is no GPU here: {}", WhyNoGpus(*source.inventory)));
  }
  for (const ChosenGpu& each : gpus) {
    source.subject.devices.push_back({.node = "", .label = std::to_string(each.index), .name = each.gpu->info().name});
  }
  ZEUS_ASSIGN_OR_RETURN(source.read, MakeMonitorReader(gpus, {.kind = flags.kind, .domain = flags.domain}));
  return source;
}

Result<MonitorSource> OpenNodes(const MonitorFlags& flags) {
  const char* const token = std::getenv("ZEUSD_TOKEN");
  ZEUS_ASSIGN_OR_RETURN(const std::vector<FollowedNode> nodes,
                        ParseNodes(flags.from, token == nullptr ? "" : token, flags.gpus));
  ZEUS_ASSIGN_OR_RETURN(NodesMonitor monitor, FollowNodes(nodes));
  return MonitorSource{
      .inventory = nullptr,
      .subject = {.kind = flags.kind, .place = MonitorSubject::Place::kNodes, .devices = std::move(monitor.devices)},
      .read = std::move(monitor.read),
      .take_notices = std::move(monitor.take_notices)};
}

Result<void> RunMonitor(const MonitorFlags& flags, const Console& console) {
  if (!(flags.period > 0)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("--period: expected seconds above 0, found {}", flags.period));
  }
  BlockEndingSignals();
  ZEUS_ASSIGN_OR_RETURN(MonitorSource source, flags.from.empty() ? OpenHere(flags) : OpenNodes(flags));
  MonitorOutput output(flags, console, source);
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
             .readings = source.read()};
    ZEUS_RETURN_IF_ERROR(output.Print(round));
    if (ended || now >= end) {
      output.End(round);
      return CheckComplete(round.readings);
    }
    deadline += ((std::chrono::steady_clock::now() - deadline) / period + 1) * period;
  }
}

void AddKind(CLI::App& monitor, Invocation& invocation, const char* name, MonitorKind kind, const char* description) {
  auto flags = std::make_shared<MonitorFlags>();
  flags->kind = kind;
  CLI::App* const command = monitor.add_subcommand(name, description);
  CLI::Option* from = nullptr;
  if (kind == MonitorKind::kPower) {
    from = command
               ->add_option("--from", flags->from,
                            "Power of nodes, each HOST:PORT or unix:FILE where zeusd listens, with the token that is "
                            "the value of ZEUSD_TOKEN [this machine's GPUs, without a daemon]")
               ->type_name("LIST");
  }
  command
      ->add_option("--gpu", flags->gpus,
                   from == nullptr ? "Which GPUs, such as 0 or 0,2 [all that are visible]"
                                   : "Which GPUs, such as 0 or 0,2, with --from of each node [all that are visible]")
      ->type_name("LIST");
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
        ->type_name("DOMAIN")
        ->excludes(from);
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
